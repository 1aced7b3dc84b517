from contextlib import suppress

import pytest
from hypothesis import given, strategies as st
from tests.sdk.transport.scripted import ADDRESS, KEY, NONCE, QUEUE, SENDER, Recorder

from graphchat.errors import RelayUnreachableError, RemoteProtocolError
from graphchat.ids import QueueId
from graphchat.transport import Delivery
from graphchat.transport.sending import Envelope
from graphchat.transport.session import Session
from graphchat.transport.talk import PATIENCE, Talk
from graphchat.wire.frames import decode_client, encode_binary, encode_text
from graphchat.wire.limits import S
from graphchat.wire.rest import Message
from graphchat.wire.socket import (
    Attached,
    ClientObject,
    Deleted,
    End,
    Invalid,
    Push,
    Ready,
    Sent,
    ServerObject,
    Session as Greeting,
    Subscribed,
    Unsubscribed,
)

URI = ADDRESS.queue_uri(QUEUE)
BODY = bytes(S)


class Talking:
    def __init__(self) -> None:
        self.listener = Recorder()
        self.time = 0.0
        session = Session(ADDRESS, NONCE)
        self.talk = Talk(session, self.listener, {QUEUE: KEY}, lambda: None, lambda: self.time)

    def said(self) -> list[ClientObject]:
        frame = self.talk.frame()
        assert frame is not None
        return [found for found in decode_client(frame) if isinstance(found, ClientObject)]

    def hear(self, *objects: ServerObject) -> None:
        self.talk.hear(encode_binary(objects))

    def send(self) -> None:
        self.talk.sending.send(Envelope(SENDER, KEY, BODY, 1, "request1"))


def push(name: str) -> Push:
    return Push(URI, Message(name, 5, S, BODY))


def delivery(name: str) -> Delivery:
    return Delivery(QUEUE, name, S, BODY)


def test_pushes_of_a_frame_come_together_and_before_the_end_that_follows_them() -> None:
    on = Talking()
    [asked] = on.said()
    on.hear(Subscribed(asked.id, ok=True), push("1"), Ready("x"), push("2"), End(URI), push("3"))
    assert on.listener.heard == [("received", delivery("1"), delivery("2")), ("ended", QUEUE)]


def test_text_frames_are_heard_as_well_as_binary_ones() -> None:
    on = Talking()
    on.said()
    on.talk.hear(encode_text([push("1")]))
    on.hear(push("2"))
    assert on.listener.heard == [("received", delivery("1")), ("received", delivery("2"))]


def test_an_object_that_the_relay_cannot_read_is_a_bad_request() -> None:
    on = Talking()
    [asked] = on.said()
    on.send()
    [attach] = on.said()
    on.hear(Invalid("/auth", asked.id), Invalid("/auth", attach.id))
    assert on.listener.heard == [
        ("refused", QUEUE, "BadRequestError"),
        ("answered", 1, "BadRequestError"),
    ]


def test_a_frame_that_the_relay_cannot_read_ends_the_talk() -> None:
    # Nobody knows what else in it was lost: only a new socket answers everything.
    with pytest.raises(RemoteProtocolError):
        Talking().hear(Invalid(""))


def test_a_second_session_ends_the_talk() -> None:
    with pytest.raises(RemoteProtocolError):
        Talking().hear(Greeting(NONCE, KEY.public))


def test_a_relay_that_answers_nothing_for_two_minutes_is_stuck() -> None:
    on = Talking()
    on.time = 1000.0
    assert not on.talk.is_stuck()
    [asked] = on.said()
    on.time += PATIENCE
    assert not on.talk.is_stuck()
    on.time += 1
    assert on.talk.is_stuck()
    on.hear(Subscribed(asked.id, ok=True))
    assert not on.talk.is_stuck()
    on.send()
    [attach] = on.said()
    on.hear(Attached(attach.id, ok=True))
    on.said()
    on.time += PATIENCE + 1
    assert on.talk.is_stuck()


IDS = st.sampled_from(["~1", "~2", "~3", "request1", "", "other"])
URIS = st.sampled_from([URI, ADDRESS.queue_uri(SENDER), "", "x"])
ERRORS = st.sampled_from(["", "unauthorized", "quota", "busy", "rate", "size"])
OBJECTS = st.one_of(
    *(
        st.builds(kind, IDS, st.booleans(), ERRORS)
        for kind in (Subscribed, Unsubscribed, Deleted, Attached, Sent)
    ),
    st.builds(End, URIS),
    st.builds(Ready, URIS),
    st.builds(Invalid, st.text(max_size=5), IDS),
    st.builds(
        Push,
        URIS,
        st.builds(Message, st.text(max_size=5), st.integers(0, 9), st.sampled_from([S, 0, 1])),
    ),
)


@given(st.lists(st.lists(OBJECTS, min_size=1, max_size=5), max_size=8))
def test_whatever_a_relay_says_every_send_is_answered_once(
    frames: list[list[ServerObject]],
) -> None:
    on = Talking()
    on.send()
    for frame in frames:
        on.talk.frame()
        try:
            on.hear(*frame)
        except RemoteProtocolError:
            break
    on.talk.end(RelayUnreachableError())
    assert len(on.listener.all("answered")) == 1


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_no_frame_crashes(frame: str | bytes) -> None:
    on = Talking()
    with suppress(RemoteProtocolError):
        on.talk.hear(frame)
    assert on.listener.heard == []


def test_a_queue_that_is_unknown_to_us_changes_nothing() -> None:
    on = Talking()
    on.said()
    on.hear(End(ADDRESS.queue_uri(QueueId(bytes(18)))), Ready(URI), Sent("x", ok=True))
    assert on.listener.heard == []

import json
import tracemalloc

import msgspec
import pytest
from hypothesis import given, strategies as st

from graphchat.wire import frames
from graphchat.wire.codec import InvalidObjectError
from graphchat.wire.limits import BATCH, FRAME
from graphchat.wire.rest import Message
from graphchat.wire.socket import (
    Attach,
    Attached,
    ClientObject,
    Deleted,
    DeleteMessage,
    End,
    Invalid,
    Push,
    Ready,
    Send,
    Sent,
    ServerObject,
    Session,
    Subscribe,
    Subscribed,
    Unsubscribe,
)

ids = st.text(min_size=1, max_size=64)
uris = st.text(max_size=100)
auths = st.binary(min_size=64, max_size=64)
client_objects = st.one_of(
    st.builds(Subscribe, id=ids, recipient_uri=uris, auth=auths),
    st.builds(Unsubscribe, id=ids, recipient_uri=uris),
    st.builds(DeleteMessage, id=ids, recipient_uri=uris, message_id=st.text(max_size=64)),
    st.builds(Attach, id=ids, sender_uri=uris, auth=auths | st.just(b"")),
    st.builds(Send, id=ids, sender_uri=uris, msg=st.binary()),
)
messages = st.builds(Message, ts=st.integers(0, 2**40), size=st.integers(0, 2**20))
server_objects = st.one_of(
    st.builds(Subscribed, id=ids, ok=st.booleans()),
    st.builds(Attached, id=ids, ok=st.booleans()),
    st.builds(Deleted, id=ids, ok=st.booleans()),
    st.builds(Sent, id=ids, ok=st.booleans(), error=st.sampled_from(["quota", "busy"])),
    st.builds(Session, nonce=st.text(), relay=st.binary(min_size=32, max_size=32)),
    st.builds(Push, recipient_uri=uris, message=messages),
    st.builds(End, recipient_uri=uris),
    st.builds(Ready, sender_uri=uris),
    st.builds(Invalid, error=st.text(), id=ids),
)


@given(st.lists(client_objects, max_size=10))
def test_client_objects_come_back_from_both_encodings(objects: list[ClientObject]) -> None:
    assert frames.decode_client(frames.encode_text(objects)) == objects
    assert frames.decode_client(frames.encode_binary(objects)) == objects


@given(st.lists(server_objects, max_size=10))
def test_server_objects_come_back_from_both_encodings(objects: list[ServerObject]) -> None:
    assert frames.decode_server(frames.encode_text(objects)) == objects
    assert frames.decode_server(frames.encode_binary(objects)) == objects


@given(st.text() | st.binary())
def test_no_frame_breaks_the_reader(frame: str | bytes) -> None:
    assert all(isinstance(found, Invalid) for found in frames.decode_client(frame))


@given(
    st.recursive(
        st.none() | st.integers(0, 9) | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_no_foreign_object_breaks_the_reader(value: object) -> None:
    for frame in (json.dumps(value), msgspec.msgpack.encode(value)):
        assert all(isinstance(found, Invalid) for found in frames.decode_client(frame))


def test_the_form_of_an_object_is_that_of_the_protocol() -> None:
    assert json.loads(frames.encode_text([Sent("i", ok=False, error="quota")])) == {
        "type": "send", "id": "i", "ok": False, "error": "quota",
    }  # fmt: skip
    assert json.loads(frames.encode_text([Attach("i", "u"), Ready("u")])) == [
        {"type": "attach", "id": "i", "senderURI": "u"},
        {"type": "ready", "senderURI": "u"},
    ]
    push = Push("u", Message("m", 1, 4608, b"\x01"))
    assert msgspec.msgpack.decode(frames.encode_binary([push])) == {
        "type": "message", "recipientURI": "u",
        "message": {"id": "m", "ts": 1, "size": 4608, "msg": b"\x01"},
    }  # fmt: skip


SEND = {"id": "a", "type": "send", "senderURI": "u", "msg": ""}


@pytest.mark.parametrize(
    ("bad", "answer"),
    [
        (5, Invalid("")),
        ({**SEND, "msg": 5}, Invalid("/msg", "a")),
        ({**SEND, "more": 5}, Invalid("/more", "a")),
        ({**SEND, "type": "shout"}, Invalid("/type", "a")),
        ({**SEND, "id": 5}, Invalid("/id")),
        ({**SEND, "id": "x" * 65}, Invalid("/id")),
        ({"id": "a", "type": "attach", "senderURI": "u", "auth": "AAAA"}, Invalid("/auth", "a")),
        ({"id": "a", "type": "attach", "senderURI": "u", "auth": None}, Invalid("/auth", "a")),
        ({"id": "a", "type": "session"}, Invalid("/type", "a")),
    ],
)
def test_a_bad_object_is_named_and_spoils_no_other(bad: object, answer: Invalid) -> None:
    good = Send("a", "u", b"")
    assert frames.decode_client(json.dumps(bad)) == [answer]
    assert frames.decode_client(json.dumps([SEND, bad, SEND])) == [good, answer, good]


def test_a_batch_has_at_most_256_objects() -> None:
    objects = [Ready("u")] * BATCH
    assert len(frames.decode_server(frames.encode_text(objects))) == BATCH
    sends = [Send("a", "u", b"")] * BATCH
    assert frames.decode_client(frames.encode_binary(sends)) == sends
    for frame in (
        frames.encode_binary([*sends, sends[0]]),
        frames.encode_text([*sends, sends[0]]),
    ):
        assert frames.decode_client(frame) == [Invalid("")]


@pytest.mark.parametrize(
    "frame",
    [
        "[" + "1," * (FRAME // 2 - 1) + "1]",
        "[" * FRAME,
        '{"":' * (FRAME // 4),
        b"\xdd\x00\x3f\x00\x00" + bytes(0x3F0000),
        b"\x91" * FRAME,
        b"\x81\xa0" * (FRAME // 2),
        bytes(FRAME + 1),
    ],
    ids=["commas", "brackets", "objects", "array", "arrays", "maps", "long"],
)
def test_a_hostile_frame_costs_little_memory(frame: str | bytes) -> None:
    tracemalloc.start()
    try:
        assert frames.decode_client(frame) == [Invalid("")]
        assert tracemalloc.get_traced_memory()[1] < 3 * FRAME
    finally:
        tracemalloc.stop()


def test_a_relay_that_talks_nonsense_is_an_error() -> None:
    for frame in ("{", "5", b"\xff", '{"type":"subscribe"}', "\ud800"):
        with pytest.raises(InvalidObjectError):
            frames.decode_server(frame)

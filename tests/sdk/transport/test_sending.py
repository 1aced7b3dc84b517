from collections import Counter

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.sdk.transport.scripted import ADDRESS, KEY, NONCE, SENDER, Recorder

from graphchat.errors import (
    BadRequestError,
    QuotaError,
    RateError,
    RelayError,
    RelayUnreachableError,
    UnauthorizedError,
)
from graphchat.ids import QueueId
from graphchat.transport.outgoing import Outgoing
from graphchat.transport.sending import MOST_BYTES, MOST_ENVELOPES, Envelope, Sending
from graphchat.transport.session import Session
from graphchat.wire.frames import decode_client
from graphchat.wire.limits import XXL, S
from graphchat.wire.socket import Attach, ClientObject, Ready, Send

URI = ADDRESS.queue_uri(SENDER)


class Half:
    def __init__(self) -> None:
        self.listener = Recorder()
        self.outgoing = Outgoing(lambda: None)
        self.time = 0.0
        self.sending = Sending(
            Session(ADDRESS, NONCE), self.listener, self.outgoing, lambda: self.time
        )

    def said(self) -> list[ClientObject]:
        found: list[ClientObject] = []
        while frame := self.outgoing.frame():
            found += [said for said in decode_client(frame) if isinstance(said, ClientObject)]
        return found

    def send(
        self, tag: int, size: int = S, sender: QueueId = SENDER, request_id: str = ""
    ) -> None:
        name = request_id or f"request{tag}"
        self.sending.send(Envelope(sender, KEY, bytes(size), tag, name))

    def attached(self) -> "Half":
        self.send(0)
        [attach] = self.said()
        self.sending.answered(attach.id, None)
        [sent] = self.said()
        self.sending.answered(sent.id, None)
        self.listener.heard.clear()
        return self


def test_nothing_is_sent_before_the_attachment_is_there() -> None:
    half = Half()
    half.send(1)
    half.send(2)
    [attach] = half.said()
    assert isinstance(attach, Attach)
    half.sending.answered(attach.id, None)
    assert [found.id for found in half.said()] == ["request1", "request2"]
    assert half.listener.heard == []


@pytest.mark.parametrize("error", [UnauthorizedError(), RateError(), BadRequestError()])
def test_a_refused_attachment_answers_every_send_and_is_tried_again(error: RelayError) -> None:
    half = Half()
    half.send(1)
    half.send(2)
    [attach] = half.said()
    half.sending.answered(attach.id, error)
    name = type(error).__name__
    assert half.listener.heard == [("answered", 1, name), ("answered", 2, name)]
    half.send(3)
    [again] = half.said()
    assert isinstance(again, Attach)
    assert again.id != attach.id


@pytest.mark.parametrize("error", [None, QuotaError(), RateError(), BadRequestError()])
def test_an_answer_is_told_and_the_attachment_stays(error: RelayError | None) -> None:
    half = Half().attached()
    half.send(1)
    [sent] = half.said()
    half.sending.answered(sent.id, error)
    half.sending.answered(sent.id, error)
    assert half.listener.heard == [("answered", 1, error and type(error).__name__)]
    half.send(2)
    assert [type(found) for found in half.said()] == [Send]


def test_a_send_that_is_not_allowed_makes_the_next_one_attach_anew() -> None:
    half = Half().attached()
    half.send(1)
    half.send(2)
    for sent in half.said():
        half.sending.answered(sent.id, UnauthorizedError())
    assert [event[2] for event in half.listener.heard] == ["UnauthorizedError"] * 2
    half.send(3)
    assert [type(found) for found in half.said()] == [Attach]


def test_two_sends_of_one_request_are_one_on_the_wire_and_both_answered() -> None:
    half = Half().attached()
    half.send(1, request_id="same")
    half.send(2, request_id="same")
    [sent] = half.said()
    half.sending.answered(sent.id, None)
    assert half.listener.heard == [("answered", 1, None), ("answered", 2, None)]


def test_an_answer_to_what_was_not_sent_is_ignored() -> None:
    half = Half()
    half.send(1)
    [attach] = half.said()
    half.sending.answered("request1", None)
    half.sending.answered("unknown", None)
    assert half.listener.heard == []
    half.sending.answered(attach.id, UnauthorizedError())
    assert half.listener.heard == [("answered", 1, "UnauthorizedError")]


def test_the_end_answers_all_that_waits() -> None:
    half = Half().attached()
    half.send(1)
    half.said()
    half.send(2)
    half.send(3, sender=QueueId(b"o" * 18))
    half.sending.end(RelayUnreachableError())
    half.sending.end(RelayUnreachableError())
    assert half.listener.heard == [("answered", n, "RelayUnreachableError") for n in (1, 2, 3)]


def filled(half: Half, size: int) -> int:
    """Send until it is full; return how many fitted."""
    tag = 0
    while not half.sending.is_full:
        tag += 1
        half.send(tag, size)
    return tag


def test_what_is_held_is_bounded_in_bytes_and_in_number() -> None:
    half = Half().attached()
    assert filled(half, XXL) == MOST_BYTES // XXL + 1
    for sent in half.said():
        half.sending.answered(sent.id, None)
    assert filled(half, 1) == MOST_ENVELOPES


def test_room_again_is_told_for_known_queues() -> None:
    half = Half().attached()
    half.sending.ready(Ready(URI))
    half.sending.ready(Ready("https://other/q/x"))
    assert half.listener.heard == [("ready", SENDER)]


def test_a_question_without_an_answer_has_an_age_too() -> None:
    half = Half()
    half.send(1)
    half.time = 5.0
    assert half.sending.asked_since() == 5.0
    [attach] = half.said()
    half.time = 7.0
    assert half.sending.asked_since() == 5.0
    half.sending.answered(attach.id, None)
    assert half.sending.asked_since() == 7.0


def test_the_age_of_the_oldest_envelope_counts_from_when_it_left() -> None:
    half = Half().attached()
    half.time = 5.0
    half.send(1)
    assert half.sending.asked_since() == 5.0
    half.time = 7.0
    [sent] = half.said()
    half.time = 9.0
    assert half.sending.asked_since() == 7.0
    half.sending.answered(sent.id, None)
    assert half.sending.asked_since() == 9.0


class EverySendIsAnsweredOnce(RuleBasedStateMachine):
    """Whatever a relay answers, and in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.half = Half()
        self.sent = 0
        self.known: list[str] = []

    @rule(sender=st.integers(0, 2), again=st.booleans())
    def send(self, sender: int, again: bool) -> None:  # noqa: FBT001 - given by its name
        self.sent += 1
        name = f"request{self.sent - 1 if again else self.sent}"
        self.half.send(self.sent, sender=QueueId(bytes([sender]) * 18), request_id=name)

    @rule()
    def write(self) -> None:
        self.known += [found.id for found in self.half.said()]

    @rule(
        data=st.data(),
        error=st.sampled_from([None, None, UnauthorizedError(), QuotaError(), RateError()]),
        forget=st.booleans(),
    )
    def answer(self, data: st.DataObject, error: RelayError | None, forget: bool) -> None:  # noqa: FBT001 - given by its name
        name = data.draw(st.sampled_from([*self.known, "request1", "~1", "~2"]))
        self.half.sending.answered(name, error)
        if forget and name in self.known:
            self.known.remove(name)

    @invariant()
    def nothing_is_answered_twice(self) -> None:
        answers = Counter(event[1] for event in self.half.listener.heard)
        assert set(answers.values()) <= {1}

    def teardown(self) -> None:
        self.half.sending.end(RelayUnreachableError())
        answers = sorted(int(str(event[1])) for event in self.half.listener.heard)
        assert answers == list(range(1, self.sent + 1))
        assert self.half.sending._held == 0


TestEverySendIsAnsweredOnce = EverySendIsAnsweredOnce.TestCase
TestEverySendIsAnsweredOnce.settings = settings(max_examples=60, stateful_step_count=40)

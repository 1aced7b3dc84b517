"""Deniability, tried: a real chat and a made-up one, before one judge who sees everything."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.client.offrecord.chatting import accepted, heard
from tests.sdk.client.people import Home, introduce

from graphchat import Text
from graphchat.clock import SystemClock
from graphchat.content import OtrEnd, Welcome
from graphchat.core import forging, lane, offrecord
from graphchat.core.forging import Recorder, Scene, Step, Transcript
from graphchat.core.handshake import HandshakeState
from graphchat.core.lane import Lane
from graphchat.core.offrecord import Negotiation
from graphchat.errors import RemoteProtocolError, RepeatedError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret


class Traitor:
    """Bob's program, changed so that it writes down everything that there is to write down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.steps: list[Step] = []
        self.lanes: dict[int, Lane] = {}
        self.dice = b""
        self.taken: list[tuple[Any, ...]] = []
        seal, open_, start, accept = Lane.seal, Lane.open, lane.start_all, Negotiation.accept

        def started(lanes: Any, offers: Any, final: Any, **options: Any) -> None:
            clock = Recorder(options.pop("clock"))
            start(lanes, offers, final, clock=clock, **options)
            if options["initiator"]:  # Bob took it up
                self.dice, self.lanes = clock.cut(), {id(lane): lane for lane in lanes}

        def sealed(lane: Lane, *of: Any) -> Any:
            cid, seq, data, signature, clock = of
            dice = Recorder(clock)
            envelope = seal(lane, cid, seq, data, signature, dice)
            self._note(lane, data, envelope, dice, sent=True)
            return envelope

        def opened(lane: Lane, cid: Any, envelope: bytes, clock: Any) -> Any:
            dice = Recorder(clock)
            data, signature = open_(lane, cid, envelope, dice)
            self._note(lane, data, envelope, dice, sent=False)
            return data, signature

        def accepting(talks: Negotiation, lanes: Any) -> Any:
            ask, clock = talks.state.theirs, talks.clock
            talks.clock = dice = Recorder(clock)
            answer = accept(talks, lanes)
            talks.clock = clock
            keys = tuple(lane.ratchet_key for lane in lanes)
            self.taken.append((talks.parent, ask, answer, dice.cut()[:32], keys))
            return answer

        monkeypatch.setattr(offrecord, "start_all", started)
        monkeypatch.setattr(Lane, "seal", sealed)
        monkeypatch.setattr(Lane, "open", opened)
        monkeypatch.setattr(Negotiation, "accept", accepting)

    def _note(
        self, lane: Lane, data: bytes, envelope: bytes, dice: Recorder, *, sent: bool
    ) -> None:
        if id(lane) in self.lanes:
            self.steps.append(Step(sent, lane.state.number, data, envelope, dice.cut()))

    def transcript(self) -> Transcript:
        """Stop writing, and return what can be shown."""
        self._monkeypatch.undo()
        [(parent, ask, answer, key, keys)] = self.taken
        begun = {"ask": ask, "answer": answer, "key": Secret(key), "lane_keys": keys}
        return Transcript(
            parent.cid, parent.role, asked=False, dice=self.dice, steps=tuple(self.steps), **begun
        )


def texts(heard: list[forging.Heard]) -> list[tuple[bool, str]]:
    assert {type(each.message) for each in heard if not isinstance(each.message, Text)} <= {
        Welcome,
        OtrEnd,
    }
    return [
        (each.by_holder, each.message.text) for each in heard if isinstance(each.message, Text)
    ]


async def test_what_bob_can_show_of_a_real_chat_alice_can_make_up(
    alice: Home, bob: Home, monkeypatch: pytest.MonkeyPatch, quick_receipts: None
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    traitor = Traitor(monkeypatch)
    one, other = await accepted(hers, bob)
    await one.send("I took the money.")
    assert await heard(other, 1) == ["I took the money."]
    await other.send("Why?")
    assert await heard(one, 1) == ["Why?"]
    await one.send("For the horses.")
    assert await heard(other, 1) == ["For the horses."]
    await one.end()
    await other.ended()
    real = traitor.transcript()
    shakes = [each.connection.state.handshake for each in (hers, his)]
    keys = [shake.otr for shake in shakes if shake.otr is not None]
    # The judge is given the key by Bob, or by Alice: it is the same, and so is what she sees.
    said = [(False, "I took the money."), (True, "Why?"), (False, "For the horses.")]
    for key in keys:
        assert texts(forging.verify(key, real)) == said

    # Alice, alone, with nothing but what her database has, makes up another one ...
    mine: HandshakeState = shakes[0]
    made_up = [(False, "I gave the money back."), (True, "I know; I kept it."), (True, "Sorry.")]
    relays = [(lane.relay, lane.base) for lane in real.ask.lanes]
    scene = Scene(
        [(by, Text(text)) for by, text in made_up],
        relays,
        (bob.me.card, alice.me.card),
        asked=False,
    )
    assert mine.otr is not None
    bobs = shakes[1].role
    forged = forging.forge(mine.otr, ConnectionId(mine.cid), bobs, scene, SystemClock())
    # ... and the same judge, with Bob's key, takes it for Bob's.
    for key in keys:
        assert texts(forging.verify(key, forged)) == made_up
    assert shape(forged) == shape(real)


def shape(shown: Transcript) -> object:
    """Return what a judge sees of a transcript besides random bytes and what was said."""
    sizes = {(step.sent, len(step.envelope), len(step.dice)) for step in shown.steps}
    lanes = [(lane.relay, lane.base, lane.sender_key) for lane in shown.ask.lanes]
    return (
        *(shown.cid, shown.role, shown.asked, sizes, lanes),
        *(len(shown.ask.id), len(shown.answer.mac), len(shown.dice), len(shown.lane_keys)),
        [(lane.relay, lane.base) for lane in shown.answer.lanes],
    )


async def test_the_judge_would_have_found_out_bob_had_he_changed_a_word(
    alice: Home, bob: Home, monkeypatch: pytest.MonkeyPatch, quick_receipts: None
) -> None:
    """Else the test above would show nothing."""
    hers, _ = await introduce(alice.me, bob.me)
    traitor = Traitor(monkeypatch)
    one, other = await accepted(hers, bob)
    await one.send("I took the money.")
    await heard(other, 1)
    await asyncio.gather(one.end(), other.ended())
    real, key = traitor.transcript(), hers.connection.state.handshake.otr
    assert key is not None
    for number, step in enumerate(real.steps):
        if b"money" in step.frame:
            lie = replace(step, frame=step.frame.replace(b"money", b"honey"))
            steps = (*real.steps[:number], lie, *real.steps[number + 1 :])
            with pytest.raises((RemoteProtocolError, RepeatedError)):
                forging.verify(key, replace(real, steps=steps))
            return
    raise AssertionError("it was never said")

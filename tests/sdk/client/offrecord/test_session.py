"""A chat off the record over real relays: what is said in it, how it ends, what is left of it."""

import asyncio
from dataclasses import dataclass

import pytest
from tests.sdk.client.offrecord.chatting import accepted, begin, heard, quiet, stored, until_queues
from tests.sdk.client.people import Home, Place, introduce, texts

from graphchat import Client, Contact, Profile, Text
from graphchat.client.offrecord import session
from graphchat.clock import SystemClock
from graphchat.content import OffRecord
from graphchat.core.handshake import MayReach
from graphchat.core.offrecord import Negotiation
from graphchat.errors import StateError

SECRET = "Meet me behind the mill at nine."


@dataclass
class Watch:
    """A clock whose hands can be moved."""

    ahead: float = 0.0

    def now(self) -> float:
        return SystemClock().now()

    def monotonic(self) -> float:
        return SystemClock().monotonic() + self.ahead

    def random(self, size: int) -> bytes:
        return SystemClock().random(size)


async def test_two_talk_and_then_it_is_over_for_both(alice: Home, bob: Home) -> None:
    hers, his = await begin(alice, bob)
    await hers.send("Nobody will know.")
    assert await heard(his, 1) == ["Nobody will know."]
    await his.send("What?")
    await his.send("Ah.")
    assert await heard(hers, 2) == ["What?", "Ah."]
    await hers.send("Bye")
    await hers.end()
    # What was said before the end is heard; then there is nothing more.
    assert [each async for each in his.messages()] == [Text("Bye")]
    await his.ended()
    assert (hers.why, his.why) == ("You have ended it.", "They have ended it.")
    with pytest.raises(StateError, match="is over"):
        await his.send("Still there?")


async def exported(*contacts: Contact) -> list[bytes]:
    """Return the proofs that can be made of conversations, all of one moment."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(SystemClock, "now", lambda _: 1_800_000_000.0)
        return [(await each.export_proof()).data for each in contacts]


async def test_nothing_of_it_is_left_anywhere(
    alice: Home, bob: Home, place: Place, quick_receipts: None
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await hers.send("on the record")
    assert await texts(bob.me, 1) == ["on the record"]
    for home in (alice, bob):
        await home.me.acknowledge([event.id for event in await home.me.pending_events()])
    await quiet(alice, bob)
    before = [await stored(home) for home in (alice, bob)]
    proofs = await exported(hers, his)
    one, other = await accepted(hers, bob)
    uris = [lane.recipient_id for lane in one._setting.agreed.lanes]
    keys = [one._setting.agreed.secret.reveal(), one._setting.agreed.cid, *uris]
    await one.send(SECRET)
    assert await heard(other, 1) == [SECRET]
    during = [await stored(home) for home in (alice, bob)]
    await one.end()
    await other.ended()
    await quiet(alice, bob)
    # Not a row differs, nor a number, a hash or a key: only the ratchets have turned.
    assert [await stored(home) for home in (alice, bob)] == before
    for rows in during:
        said = repr(rows)
        assert SECRET not in said
        assert not [key for key in keys if repr(key)[2:-1] in said]
    assert await exported(hers, his) == proofs
    await alice.close()
    await bob.close()
    for path in place.folder.iterdir():
        if path.is_file():
            raw = await asyncio.to_thread(path.read_bytes)
            assert not [key for key in (SECRET.encode(), *keys) if key in raw], path.name


async def test_its_queues_are_made_for_it_stay_open_and_are_deleted(
    alice: Home, bob: Home, place: Place
) -> None:
    relay = await place.relay("one")
    hers, _ = await introduce(alice.me, bob.me)
    await until_queues(relay, 2)
    one, other = await accepted(hers, bob)
    await until_queues(relay, 4)
    # No relay has seen a signature of whoever sends, so it keeps no key of theirs, and deletes
    # by itself what nobody uses.
    lanes = [*one._live.connection.lanes.values(), *other._live.connection.lanes.values()]
    assert all(lane.state.unsigned for lane in lanes)
    assert {lane.state.peer.sender_key for lane in lanes if lane.state.peer} == {bytes(32)}
    await one.end()
    await until_queues(relay, 2)


async def test_it_ends_with_the_client(alice: Home, bob: Home, place: Place) -> None:
    relay = await place.relay("one")
    _, his = await begin(alice, bob)
    await alice.close()
    assert [each async for each in his.messages()] == []
    await his.ended()
    await until_queues(relay, 2)


async def test_it_ends_when_nobody_says_anything(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LOOK", 0.01)
    bob, watch = await place.home("Bob", [await place.relay("one")]), Watch()
    relays = [(await place.relay("one")).uri]
    async with Client(place.folder / "Alice.db", relays=relays, clock=watch) as client:
        alice = await client.create_profile(Profile("Alice"))
        hers, _ = await introduce(alice, bob.me)
        one, other = await accepted(hers, bob)
        watch.ahead += 600
        await one.send("Are you there?")
        watch.ahead += 600
        await other.send("I am.")
        assert await heard(one, 1) == ["I am."]
        watch.ahead += 899
        await one.send("Good.")
        watch.ahead += 901
        await one.ended()
        assert one.why == "Nobody has said anything for a while."
        await other.ended()


async def test_who_does_not_come_leaves_no_chat(
    alice: Home, bob: Home, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MEETING", 0.3)
    relay = await place.relay("one")
    hers, his = await introduce(alice.me, bob.me)
    asking = asyncio.create_task(hers.off_the_record())
    await his.asked_off_the_record()
    # She is as good as gone: she hears nothing any more.
    talks, hear = alice.client.engine.context.desk.talks[hers.row_id], Negotiation.heard

    def deaf(self: Negotiation, message: OffRecord, may_reach: MayReach) -> bool:
        return self is not talks and hear(self, message, may_reach)

    monkeypatch.setattr(Negotiation, "heard", deaf)
    with pytest.raises(StateError, match="not there any more"):
        await his.accept_off_the_record()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await until_queues(relay, 2)

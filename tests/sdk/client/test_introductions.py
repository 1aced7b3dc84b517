"""Contacts introduce others to each other, over real relays; some of them lie."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.people import Home, Place, introduce, one, texts

from graphchat import (
    Client,
    Contact,
    ContactEstablished,
    Introduced,
    IntroductionFailed,
    IntroductionReceived,
)
from graphchat.client import introductions
from graphchat.content import IntroOffer
from graphchat.core import introduction as machine
from graphchat.errors import StateError

Friends = tuple[Home, Home, list[Home], list[tuple[Contact, Contact]]]


async def friends(place: Place, *names: str) -> Friends:
    """Open Alice and Bob, and for each name somebody who knows both."""
    relay = await place.relay("one")
    alice, bob = await place.pair("one")
    helpers, known = [], []
    for name in names:
        helper = await place.home(name, [relay])
        helpers.append(helper)
        of_alice, _ = await introduce(helper.me, alice.me)
        of_bob, _ = await introduce(helper.me, bob.me)
        known.append((of_alice, of_bob))
    for home in (alice, bob, *helpers):
        await home.me.acknowledge([event.id for event in await home.me.pending_events()])
    return alice, bob, helpers, known


async def asked(home: Home, count: int) -> Sequence[IntroductionReceived]:
    return [await one(home.me, IntroductionReceived) for _ in range(count)]


async def accept(found: Sequence[IntroductionReceived]) -> None:
    first, *others = found
    await first.accept([each.introduction for each in others])


async def test_who_is_introduced_and_says_yes_becomes_a_contact(place: Place) -> None:
    alice, bob, [john], [(of_alice, of_bob)] = await friends(place, "John")
    await john.me.introduce(of_alice, of_bob, text="You both like chess.")
    [hers], [his] = await asked(alice, 1), await asked(bob, 1)
    assert (hers.contact.name, hers.introduction.name) == ("John", "Bob")
    assert (his.introduction.name, his.introduction.text) == ("Alice", "You both like chess.")
    assert [each.name for each in await bob.me.introductions()] == ["Alice"]
    await hers.accept()
    await his.accept()
    met = [await one(home.me, ContactEstablished) for home in (alice, bob)]
    assert [each.contact.name for each in met] == ["Bob", "Alice"]
    for each in met:
        assert (each.contact.trust, each.contact.introduced_by) == (1, ("John",))
    assert met[0].contact.safety_words() == met[1].contact.safety_words()
    await met[0].contact.send("Shall we play?")
    assert await texts(bob.me, 1) == ["Shall we play?"]
    told = await one(john.me, Introduced)
    assert {told.contact, told.other} == {of_alice, of_bob}
    assert await bob.me.introductions() == []


async def test_with_two_introducers_neither_can_read_along(place: Place) -> None:
    alice, bob, helpers, known = await friends(place, "John", "Jane")
    for helper, pair in zip(helpers, known, strict=True):
        await helper.me.introduce(*pair)
    await accept(await asked(alice, 2))
    await accept(await asked(bob, 2))
    met = await one(bob.me, ContactEstablished)
    assert sorted(met.contact.introduced_by) == ["Jane", "John"]
    await met.contact.send("hello")
    assert await texts(alice.me, 1) == ["hello"]


class Liar:
    """A contact whose program passes on offers of its own, in place of those of others."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
        pass_on = introductions._pass_on

        async def lie(turn, number, now, to, offer):  # type: ignore[no-untyped-def]
            if turn.context is home.client.engine.context:
                offer = self.changed(offer, what)
            if offer is not None:
                await pass_on(turn, number, now, to, offer)

        monkeypatch.setattr(introductions, "_pass_on", lie)

    def changed(self, offer: IntroOffer, what: str) -> IntroOffer | None:
        match what:
            case "key":
                return replace(offer, key=b"\x09" + bytes(31))
            case "lanes":
                lane = replace(offer.lanes[0], sender_id=bytes(18))
                return replace(offer, lanes=(lane,))
            case "ways":
                return replace(offer, ways=1)
            case _:
                return None


@pytest.mark.parametrize("what", ["key", "lanes", "ways"])
async def test_one_of_two_who_passes_on_something_else_is_found(
    place: Place, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    alice, bob, helpers, known = await friends(place, "John", "Jane")
    Liar(helpers[0], monkeypatch, what)
    for helper, pair in zip(helpers, known, strict=True):
        await helper.me.introduce(*pair)
    await accept(await asked(alice, 2))
    await accept(await asked(bob, 2))
    for home in (alice, bob):
        failed = await one(home.me, IntroductionFailed)
        # With two nobody can tell which one it is: both are named.
        assert sorted(failed.suspects) == ["Jane", "John"]
        assert {each.name for each in await home.me.contacts()} == {"John", "Jane"}


async def test_one_of_three_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob, helpers, known = await friends(place, "John", "Jane", "Jim")
    Liar(helpers[0], monkeypatch, "key")
    for helper, pair in zip(helpers, known, strict=True):
        await helper.me.introduce(*pair)
    await accept(await asked(alice, 3))
    await accept(await asked(bob, 3))
    failed = await one(bob.me, IntroductionFailed)
    assert failed.suspects == ("John",)
    assert [each.name for each in await bob.me.contacts()] == ["Jane", "Jim", "John"]


async def test_who_never_passes_on_costs_a_week_and_no_queue(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _, [john], [pair] = await friends(place, "John")
    Liar(john, monkeypatch, "nothing")
    await john.me.introduce(*pair)
    await accept(await asked(alice, 1))
    engine = alice.client.engine
    await engine.do(introductions.sweep)
    assert len(engine.context.introductions.known) == 1
    monkeypatch.setattr(machine, "LASTS", -1.0)
    later = engine.context.clock.now() + 8 * 86_400
    monkeypatch.setattr(engine.context, "clock", _Later(later, engine.context.clock))
    assert introductions.is_due(engine.context)
    await engine.do(introductions.sweep)
    failed = await one(alice.me, IntroductionFailed)
    assert (failed.name, failed.suspects) == ("Bob", ())
    await alice.client.settled()
    assert engine.context.introductions.known == {}


class _Later:
    def __init__(self, now: float, clock) -> None:  # type: ignore[no-untyped-def]
        self._now, self._clock = now, clock

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return float(self._clock.monotonic())

    def random(self, size: int) -> bytes:
        return bytes(self._clock.random(size))


async def test_nobody_is_introduced_to_himself_or_twice(place: Place) -> None:
    alice, _, [john], [(of_alice, of_bob)] = await friends(place, "John")
    with pytest.raises(StateError, match="two different"):
        await john.me.introduce(of_alice, of_alice)
    await john.me.introduce(of_alice, of_bob)
    with pytest.raises(StateError, match="not both answered"):
        await john.me.introduce(of_bob, of_alice)
    [hers] = await asked(alice, 1)
    await hers.reject()
    with pytest.raises(StateError):
        await hers.accept()
    assert await alice.me.introductions() == []


async def test_it_goes_on_after_a_restart_of_everybody(place: Place) -> None:
    alice, bob, [john], [pair] = await friends(place, "John")
    await john.me.introduce(*pair)
    [hers] = await asked(alice, 1)
    await hers.accept()
    await asyncio.gather(*(home.client.settled() for home in (alice, bob, john)))
    for home in (alice, bob, john):
        await home.reopen()
    [found] = await bob.me.introductions()
    await found.accept()
    assert (await one(alice.me, ContactEstablished)).contact.trust == 1


async def test_a_profile_that_is_deleted_leaves_no_introduction(place: Place) -> None:
    alice, _, [john], [pair] = await friends(place, "John")
    await john.me.introduce(*pair)
    [hers] = await asked(alice, 1)
    await hers.accept()
    await alice.client.delete_profile(alice.me)
    await john.client.delete_profile(john.me)
    for home in (alice, john):
        assert home.client.engine.context.introductions.known == {}


@pytest.mark.parametrize("at", [1, 3, 6])
async def test_a_crash_while_somebody_says_yes_does_no_harm(place: Place, at: int) -> None:
    alice, bob, [john], [pair] = await friends(place, "John")
    await john.me.introduce(*pair)
    [hers], [his] = await asked(alice, 1), await asked(bob, 1)
    await his.accept()
    await bob.client.settled()
    fuse = Fuse(at)
    fuse_up(alice.client, fuse)
    saying = asyncio.create_task(hers.accept())
    blown = asyncio.create_task(fuse.blown.wait())
    await asyncio.wait({saying, blown}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    for task in (saying, blown):
        task.cancel()
    await asyncio.gather(saying, blown, return_exceptions=True)
    await die(alice.client)
    alice.client = await alice.stack.enter_async_context(Client(alice.path))
    alice.me = await alice.client.profile()
    for each in await alice.me.introductions():
        await each.accept()
    assert (await one(bob.me, ContactEstablished)).contact.name == "Alice"
    await (await bob.me.contact("Alice")).send("once")
    assert await texts(alice.me, 1) == ["once"]
    assert [each.name for each in await alice.me.contacts()] == ["Bob", "John"]

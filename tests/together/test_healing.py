"""Ten people, three relays, one of which lies, drops, delays, doubles, reorders and crashes."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import pytest
from tests.together.liar import Lies, LyingRelay, lying_relay

from graphchat import (
    Client,
    Contact,
    MessageReceived,
    OwnProfile,
    Policy,
    Profile,
    RelayFailed,
    Text,
)
from graphchat.core.doubt import Schedule
from graphchat.testing.relays import TestRelay, relay

PEOPLE: Final = 10
# Relays are judged sooner than in life.
HASTY: Final = Schedule(doubt=3.0, give_up=8.0, away=5.0)
# Of 80 lanes, about a third of which lead to the bad relay at first, so many may do so in the end:
# it needs some traffic to find one out.
LEFT: Final = 12
# Seconds until which lanes must be replaced, and until which everything must have come.
SETTLING: Final = 120.0


@dataclass
class Person:
    client: Client
    me: OwnProfile
    contacts: dict[str, Contact] = field(default_factory=dict[str, Contact])
    heard: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What each other one said, in the order in which it came."""
    said: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What was said to each other one."""
    named: set[str] = field(default_factory=set[str])
    """Relays that are said to have failed."""

    async def listen(self) -> None:
        async for event in self.me.events():
            match event:
                case MessageReceived(contact=contact, message=Text(text=text)):
                    self.heard[contact.name].append(text)
                case RelayFailed(relay=name):
                    self.named.add(name)
                case _:
                    pass

    async def talk(self, chance: Random, enough: asyncio.Event) -> None:
        number = 0
        while not enough.is_set():
            name = chance.choice(sorted(self.contacts))
            text = f"{self.me.name} to {name}: {number}"
            self.said[name].append(text)
            await self.contacts[name].post(text)
            number += 1
            await asyncio.sleep(chance.random() * 0.8)


async def crash(bad: LyingRelay, chance: Random, seconds: float) -> None:
    """Kill the bad relay now and then, and start it again, for a while."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        await asyncio.sleep(5 + chance.random() * 10)
        await bad.kill()
        await asyncio.sleep(chance.random() * 2)
        await bad.start()


@pytest.fixture
async def world(
    tmp_path: Path, policy: Policy
) -> AsyncIterator[tuple[list[Person], LyingRelay, list[TestRelay]]]:
    chance = Random(7)
    async with AsyncExitStack() as stack:
        for name in ("first", "second", "bad"):
            (tmp_path / name).mkdir()
        honest = [relay(folder=tmp_path / name) for name in ("first", "second")]
        good = [await stack.enter_async_context(each) for each in honest]
        lies = Lies(drops=0.3, delays=0.2, doubles=0.2, reorders=0.3)
        bad = await stack.enter_async_context(lying_relay(tmp_path / "bad", lies, chance))
        people = []
        for number in range(PEOPLE):
            uris = [each.uri for each in (*good, bad)]
            chance.shuffle(uris)
            opened = Client(tmp_path / f"{number}.db", relays=uris, schedule=HASTY)
            client = await stack.enter_async_context(opened)
            await client.set_policy(policy)
            me = await client.create_profile(Profile(f"P{number}"))
            people.append(Person(client, me))
        yield people, bad, good


async def acquaint(people: list[Person]) -> None:
    """Connect each with the next, and with the one after."""
    for place, one in enumerate(people):
        for step in (1, 2):
            other = people[(place + step) % len(people)]
            invitation = await one.me.invite()
            his = await other.me.connect(invitation.link)
            hers = await invitation.contact()
            await his.established()
            one.contacts[hers.name], other.contacts[his.name] = hers, his


def lanes_by(base: str, people: list[Person]) -> int:
    """Return how many lanes lead to the relay with this address."""
    contacts = [contact for person in people for contact in person.contacts.values()]
    return sum(contact.relays.count(base) for contact in contacts)


def behind(people: list[Person]) -> int:
    """Return how many messages have not come yet."""
    by_name = {person.me.name: person for person in people}
    return sum(
        len(texts) - len(by_name[name].heard[person.me.name])
        for person in people
        for name, texts in person.said.items()
    )


@pytest.mark.timeout(900)
# A relay that is killed in this process leaves its sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        (Policy("all"), 45.0),
        pytest.param(Policy("all"), 600.0, marks=pytest.mark.slow),
        pytest.param(Policy("hedge", 3), 45.0, marks=pytest.mark.slow),
    ],
    ids=["all", "all, long", "hedge"],
)
async def test_a_bad_relay_costs_nothing_and_is_named_and_replaced(
    seconds: float, policy: Policy, world: tuple[list[Person], LyingRelay, list[TestRelay]]
) -> None:
    people, bad, good = world

    def is_found_out() -> bool:
        # With a policy that uses one lane at a time, a lane that nobody needs stays where it is.
        if policy.name == "hedge":
            return any(base in person.named for person in people)
        return lanes_by(base, people) <= LEFT

    async with asyncio.timeout(120):
        await acquaint(people)
    listening = [asyncio.create_task(person.listen()) for person in people]
    base, enough = bad.uri.partition("#")[0], asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for number, person in enumerate(people):
            tasks.create_task(person.talk(Random(number), enough))
        await crash(bad, Random(11), seconds)
        async with asyncio.timeout(SETTLING):
            while not is_found_out():  # noqa: ASYNC110 - a network
                await asyncio.sleep(0.1)
        enough.set()
    async with asyncio.timeout(SETTLING):
        while behind(people):  # noqa: ASYNC110 - a network
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)

    by_name = {person.me.name: person for person in people}
    for person in people:
        for name, texts in person.said.items():
            assert by_name[name].heard[person.me.name] == texts, "none lost, none twice, in order"
    named = [person for person in people if base in person.named]
    assert len(named) > (0 if policy.name == "hedge" else PEOPLE // 2)
    honest = {each.uri.partition("#")[0] for each in good}
    assert not any(person.named & honest for person in people), "no honest relay is blamed"

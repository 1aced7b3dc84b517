"""Clients that are killed at any moment lose nothing, double nothing and keep the order."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import pytest
from tests.together.processes import environment

from graphchat import Client, Contact, MessageReceived, OwnProfile, Profile, Text
from graphchat.testing.relays import relay

HERE: Final = Path(__file__).parent
times = pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow)])


@dataclass
class Pair:
    """Alice, who stays, and the home of Bob, whose client is to be killed."""

    me: OwnProfile
    bob: Contact
    his_home: Path


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        uris = [(await stack.enter_async_context(relay())).uri for _ in range(2)]
        his_home = tmp_path / "bob"
        alice = await stack.enter_async_context(Client(tmp_path / "alice.db", relays=uris))
        me = await alice.create_profile(Profile("Alice"))
        async with Client(his_home / "client.db", relays=uris) as client:
            invitation = await me.invite()
            his = await (await client.create_profile(Profile("Bob"))).connect(invitation.link)
            contact = await invitation.contact()
            await his.established()
        yield Pair(me, contact, his_home)


async def start(program: str, *words: str | Path, stdout: int = DEVNULL) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(HERE / f"{program}.py"), *map(str, words)),
        stdout=stdout,
        env=environment(),
    )


async def kill(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


def lines_of(record: Path) -> list[tuple[int, str]]:
    """Return the event ids and texts that were written down."""
    found = [line.split(" ", 1) for line in record.read_text().splitlines()]
    return [(int(number), text) for number, text in found]


async def longer(record: Path, than: int) -> None:
    """Return once the record has more than so many bytes."""
    async with asyncio.timeout(30):
        while record.stat().st_size <= than:  # noqa: ASYNC110, ASYNC240 - another process writes
            await asyncio.sleep(0.002)


@times
async def test_a_receiver_that_is_killed_loses_and_doubles_nothing(
    pair: Pair, tmp_path: Path, times: int
) -> None:
    random, record = Random(5), tmp_path / "record"
    record.touch()
    said: list[str] = []

    async def speak() -> None:
        while True:
            said.append(str(len(said)))
            await pair.bob.post(said[-1])
            await asyncio.sleep(random.uniform(0.001, 0.03))

    speaking = asyncio.create_task(speak())
    for number in range(times):
        listener = await start("listener", pair.his_home, record)
        if number % 4:  # sometimes it dies before it hears anything
            await longer(record, record.stat().st_size)
            await asyncio.sleep(random.uniform(0.0, 0.2))
        else:
            await asyncio.sleep(random.uniform(0.0, 1.0))
        await kill(listener)
    speaking.cancel()
    await asyncio.wait([speaking])
    await pair.bob.post("the last")
    listener = await start("listener", pair.his_home, record)
    try:
        # All that was said while each of them was starting is still to come.
        async with asyncio.timeout(30 + 10 * times):
            while not record.read_text().endswith(" the last\n"):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
    finally:
        await kill(listener)
    lines = lines_of(record)
    by_id = dict(lines)
    assert [by_id[number] for number, text in lines] == [text for _, text in lines]
    assert [*by_id] == sorted(by_id)
    heard = [*by_id.values()]
    # What was being stored when the speaker was stopped may have been said or not.
    assert heard in ([*said, "the last"], [*said[:-1], "the last"])
    assert len(heard) > 20 * times


@times
async def test_a_sender_that_is_killed_loses_and_doubles_nothing(pair: Pair, times: int) -> None:
    random, count = Random(6), 60 * times
    heard: list[str] = []

    async def listen() -> None:
        async for event in pair.me.events():
            if isinstance(event, MessageReceived):
                assert isinstance(event.message, Text)
                heard.append(event.message.text)

    listening = asyncio.create_task(listen())
    for _ in range(times):
        talker = await start("talker", pair.his_home, str(count))
        await asyncio.sleep(random.uniform(0.4, 1.4))
        await kill(talker)
    talker = await start("talker", pair.his_home, str(count), stdout=PIPE)
    async with asyncio.timeout(60):
        out, _ = await talker.communicate()
        assert out == b"said all\n"
        while len(heard) < count:  # noqa: ASYNC110 - another task appends
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    listening.cancel()
    assert heard == [str(number) for number in range(count)]

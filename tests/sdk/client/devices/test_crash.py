"""Either device dies at boundaries while it is linked, and nothing is lost, or comes twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from tests.sdk.client.crashing import Fuse, die, fuse_up
from tests.sdk.client.devices.people import said, until_said
from tests.sdk.client.people import PATIENCE, Place, introduce, until

from graphchat import Client, DeviceAsks, MessageMirrored, MessageReceived, OwnProfile, Text
from graphchat.client.devices.state import OwnDevice
from graphchat.errors import NotFoundError
from graphchat.ids import MessageId

OLD = [f"> old {number}" for number in range(5)]
IDS = {"phone": MessageId(b"p" * 16), "laptop": MessageId(b"l" * 16)}
ALL = {*OLD, "> by phone", "> by laptop", "< by Bob"}


class Device:
    """One device that dies, and what its application was told, by the id of the event."""

    def __init__(self, name: str, path: Path, finished: Callable[[], bool]) -> None:
        self.name, self.path, self.finished = name, path, finished
        self.told: dict[int, str] = {}
        self.lines: list[str] = []

    async def live(self, fuse: Fuse) -> None:
        """Do what is not done yet, until all is there or the fuse blows."""
        client = await Client(self.path).__aenter__()
        fuse_up(client, fuse)
        life = asyncio.create_task(self._act(client))
        blown = asyncio.create_task(fuse.blown.wait())
        try:
            while not fuse.blown.is_set() and not self.finished():
                await asyncio.wait(
                    [life, blown], timeout=0.05, return_when=asyncio.FIRST_COMPLETED
                )
                if life.done():
                    await life
        finally:
            life.cancel()
            blown.cancel()
            await asyncio.gather(life, blown, return_exceptions=True)
            await die(client)

    async def _act(self, client: Client) -> None:
        me = (await client.profiles())[-1]
        await asyncio.gather(self._hear(me), self._say(me))

    async def _hear(self, me: OwnProfile) -> None:
        async for event in me.events():
            match event:
                case DeviceAsks():
                    await event.confirm()
                case (
                    MessageReceived(message=Text(text=text))
                    | MessageMirrored(message=Text(text=text))
                ):
                    assert self.told.setdefault(event.id, text) == text
                case _:
                    pass

    async def _say(self, me: OwnProfile) -> None:
        while True:
            try:
                bob = await me.contact("Bob")
            except NotFoundError:
                await asyncio.sleep(0.02)
                continue
            await bob.post(f"by {self.name}", id=IDS[self.name])
            self.lines = await said(bob)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("who", ["phone", "laptop"])
async def test_a_device_that_dies_while_it_is_linked_loses_and_repeats_nothing(
    place: Place, who: str
) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    for text in OLD:
        await hers.send(text[2:])
    laptop = await place.home("laptop", [place.relays["one"]])
    code = await alice.me.link_device("phone")
    await laptop.client.accept_device(code.link, "laptop")
    await until(lambda: any(d.state == "asking" for d in _own(alice.client)))
    for event in await alice.me.pending_events():
        if not isinstance(event, DeviceAsks):
            await alice.me.acknowledge([event.id])
    await alice.close()
    await laptop.close()
    await his.post("by Bob")
    devices: list[Device] = []

    def finished() -> bool:
        return all(set(each.lines) == ALL for each in devices)

    devices += [
        Device("phone", alice.path, finished),
        Device("laptop", laptop.path, finished),
    ]
    random = Random(who)

    async def whole(device: Device) -> None:
        fuses = [Fuse(random.randrange(1, 25)) for _ in range(6)] if device.name == who else []
        for fuse in [*fuses, Fuse()]:
            await device.live(fuse)

    async with asyncio.timeout(PATIENCE * 2):
        await asyncio.gather(*map(whole, devices))
    for device in devices:
        assert sorted(device.lines) == sorted(ALL)
        assert [line for line in device.lines if " old " in line] == OLD
        assert len(set(device.told.values())) == len(device.told)
    await alice.reopen()
    await laptop.reopen()
    await until_said(
        his,
        *(f"< old {number}" for number in range(5)),
        *("< by phone", "< by laptop", "> by Bob"),
    )


def _own(client: Client) -> list[OwnDevice]:
    return list(client.engine.context.devices.index.own.values())

"""A device of a profile, and a code for one more."""

from collections.abc import Callable
from functools import partial
from typing import Final

from PIL import Image as Pillow

from graphchat.client.devices import linking, removal
from graphchat.client.devices.state import OwnDevice
from graphchat.client.engine import Engine
from graphchat.client.live import Live
from graphchat.codes import qr
from graphchat.errors import NotFoundError, StateError

WORDS: Final = 4
"""Words that people compare when they link devices: 48 bits, of a code that nobody else saw."""
Progress = Callable[[int, int], None]

LEFT: Final = "The device is not linked: it was refused, or somebody else has used its code."


class Device:
    """A handle to one device of a profile; it follows what happens."""

    def __init__(self, engine: Engine, device: OwnDevice) -> None:
        self._engine: Final = engine
        self._row: Final = device.id
        self._last: OwnDevice = device

    @property
    def _now(self) -> OwnDevice:
        self._last = self._engine.context.devices.index.own.get(self._row, self._last)
        return self._last

    @property
    def id(self) -> str:
        """32 hexadecimal digits, that only devices of this person know."""
        return self._now.device.hex()

    @property
    def name(self) -> str:
        return self._now.name

    @property
    def here(self) -> bool:
        """Whether it is this device."""
        return self._now.state in {"here", "ended"}

    @property
    def state(self) -> str:
        """``here``, ``asking`` (waits for a yes), ``linked``, ``known``, ``removed``, ``ended``.

        ``known`` is a device that is linked by another one. ``ended`` is this device after
        another one has removed it.
        """
        return self._now.state

    @property
    def progress(self) -> tuple[int, int]:
        """How many lines of before were sent to it, or came from it, and of how many."""
        return self._now.done, self._now.total

    @property
    def words(self) -> tuple[str, ...]:
        """Four words that both devices show if nobody is in between; none for this device."""
        live = self._engine.context.lives.get(self._now.connection or 0)
        return () if live is None else live.connection.state.handshake.words[:WORDS]

    async def synced(self, progress: Progress = lambda _done, _of: None) -> None:
        """Return once all lines of before are on both devices, or on their way.

        ``progress`` hears how many are, and of how many. Raises `StateError` if the device is
        removed meanwhile.
        """
        context = self._engine.context
        while not context.devices.is_synced(connection := self._now.connection or 0):
            if self.state not in {"asking", "linked"}:
                raise StateError(LEFT)
            done, total = self.progress
            progress(done, max(total, 0))
            await context.pulses[connection].wait()
        live = await self._engine.live(connection)
        while self._engine.flow.is_behind(live):
            await self._engine.answers.wait()

    async def confirm(self) -> None:
        """Let it in: it gets profile, contacts and all that was said. Raises `StateError`."""
        await self._engine.do(partial(linking.confirm, self._engine.context.devices, self._row))

    async def refuse(self) -> None:
        """Send it away: it has heard nothing but a name. Raises `StateError`."""
        await self._engine.do(partial(linking.refuse, self._engine.context.devices, self._row))

    async def remove(self) -> None:
        """Remove it, wherever it is: contacts hear it no more, and tell it nothing.

        Raises `StateError` for this device: remove it from another one.
        """
        await self._engine.do(partial(removal.remove, self._engine.context.devices, self._row))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Device) and other._engine is self._engine and other._row == self._row
        )

    def __hash__(self) -> int:
        return hash((Device, self._row))

    def __repr__(self) -> str:
        return f"<Device {self.name!r}, {self.state}>"


class Meeting:
    """Two devices on their way to be linked."""

    def __init__(self, engine: Engine, live: Live) -> None:
        self._engine: Final = engine
        self._live: Final = live

    async def words(self) -> tuple[str, ...]:
        """Return four words, once both have agreed on keys: compare them on both screens.

        Raises `StateError` if the code does not work.
        """
        while not (words := (await self._connection()).connection.state.handshake.words):
            await self._engine.context.pulses[self._live.id].wait()
        return words[:WORDS]

    async def device(self) -> Device:
        """Return the other device, once it has said who it is. Raises `StateError`."""
        devices = self._engine.context.devices
        while (found := devices.at(self._live.id)) is None:
            await self._connection()
            await self._engine.context.pulses[self._live.id].wait()
        return Device(self._engine, found)

    async def linked(self) -> Device:
        """Return the other device, once both share everything. Raises `StateError`."""
        device = await self.device()
        while device.state == "asking":
            await self._connection()
            await self._engine.context.pulses[self._live.id].wait()
        return device

    async def synced(self, progress: Progress = lambda _done, _of: None) -> Device:
        """Return the other device, once all lines of before are here. See `Device.synced`."""
        device = await self.linked()
        await device.synced(progress)
        return device

    async def _connection(self) -> Live:
        try:
            live = await self._engine.live(self._live.id)
        except NotFoundError:
            raise StateError(LEFT) from None
        if live.failed:
            raise StateError(LEFT)
        return live


class DeviceLink(Meeting):
    """A one-time code for another device of the same person.

    Show it on this screen alone: whoever uses it waits for a yes, which you say only if both
    screens show the same words.
    """

    def __init__(self, engine: Engine, link: str, live: Live) -> None:
        super().__init__(engine, live)
        self.link: Final = link

    def qr(self) -> Pillow.Image:
        """Return the QR code as a picture, black on white."""
        return qr.write(self.link)

    def qr_text(self, width: int = 80) -> str:
        """Return the QR code for a terminal of ``width`` columns. Raises `CodeError`."""
        return qr.terminal(self.link, width)

    def __repr__(self) -> str:
        return "<DeviceLink>"

"""The devices of one profile: making a code, using one, finding a device."""

from typing import TYPE_CHECKING, Final

from graphchat.client.devices import linking
from graphchat.client.devices.device import Device, DeviceLink, Meeting
from graphchat.client.engine import Engine
from graphchat.client.live import Live
from graphchat.codes import Code
from graphchat.errors import NotFoundError

if TYPE_CHECKING:
    from graphchat.client.profile import OwnProfile

UNNAMED: Final = "first device"
"""What the device is called that has made the profile, if nobody says otherwise."""


async def link(engine: Engine, profile: int, name: str | None) -> DeviceLink:
    """Make a code for another device. See `OwnProfile.link_device`."""
    code, live = await linking.offer(engine.context.devices, profile, name or UNNAMED)
    return DeviceLink(engine, code.text, live)


def all_of(engine: Engine, profile: int) -> list[Device]:
    """Return the devices of a profile, this one first."""
    found = [Device(engine, each) for each in engine.context.devices.of(profile)]
    return sorted(found, key=lambda each: (not each.here, each.name.casefold()))


def choose(engine: Engine, profile: int, name: str) -> Device:
    """Return the device with this name or id. Raises `NotFoundError`."""
    found = all_of(engine, profile)
    named = [each for each in found if name in {each.name, each.id}]
    current = [each for each in named if each.state != "removed"]
    if len(choice := current or named) == 1:
        return choice[0]
    if choice:
        ids = ", ".join(each.id for each in choice)
        raise NotFoundError(f"Several devices are called {name!r}. Choose by id: {ids}.")
    known = ", ".join(each.name for each in found if each.state != "removed") or "this one alone"
    raise NotFoundError(f"There is no device {name!r}. Devices: {known}.")


class Acceptance(Meeting):
    """The device here, on its way to become one more of a person."""

    def __init__(self, profile: "OwnProfile", engine: Engine, live: Live) -> None:
        super().__init__(engine, live)
        self.profile: Final = profile
        """Empty until the older device has said yes."""

    def __repr__(self) -> str:
        return "<Acceptance>"


async def accept(engine: Engine, profile: "OwnProfile", code: Code, name: str) -> Acceptance:
    """Ask to be one more device. See `Client.accept_device`."""
    live = await linking.use(engine.context.devices, profile.row_id, code, name)
    return Acceptance(profile, engine, live)

"""The list of our devices, as this one knows it, and how the others hear of it."""

from graphchat.client.apply import Applier
from graphchat.client.devices.registry import MAY, Registry
from graphchat.content.devices import DeviceList, KnownDevice
from graphchat.core.devices.own import OwnDevices


def known(devices: Registry, profile: int) -> OwnDevices:
    """Return which devices there are, and which were removed."""
    found = devices.of(profile)
    names = {each.device: each.name for each in found if each.state in MAY - {"asking"}}
    gone = frozenset(each.device for each in found if each.state not in MAY)
    return OwnDevices(names, gone)


def described(devices: Registry, profile: int) -> DeviceList:
    """Return the list as it travels."""
    own = known(devices, profile)
    listed = tuple(KnownDevice(*each) for each in sorted(own.names.items()))
    return DeviceList(listed, tuple(sorted(own.removed)))


async def tell(devices: Registry, turn: Applier, profile: int, *, but: int | None = None) -> None:
    """Tell our other devices which there are, but that of one connection."""
    await devices.tell_own(turn, profile, described(devices, profile), but=but)

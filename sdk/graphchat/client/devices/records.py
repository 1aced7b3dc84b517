"""Events about devices, as they are stored."""

from typing import Literal

import msgspec

What = Literal["asks", "linked", "removed", "ended"]
"""Waits for a yes; shares everything from now on; was removed; this one was removed by another."""


class DeviceRecord(msgspec.Struct, frozen=True, tag="device"):
    """Something became of a device of ours."""

    connection: int
    """0: it outlives every connection."""
    device: int
    """Its row."""
    what: What


class MirroredRecord(msgspec.Struct, frozen=True, tag="mirrored"):
    """Another device of ours has said something to a contact."""

    connection: int
    message_id: bytes


class DevicesRecord(msgspec.Struct, frozen=True, tag="devices"):
    """A contact has one device more, or less."""

    connection: int
    count: int


OfDevices = DeviceRecord | MirroredRecord | DevicesRecord

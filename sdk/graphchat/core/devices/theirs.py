"""The devices of a contact, as it tells of them: who may add one, and who goes with a removed one.

Rule: only a device that is known speaks for the others; who was removed never comes back.
docs/protocol.md, section 26.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from graphchat.content.devices import MAX_DEVICES, MAX_REMOVED, DeviceAdd, DeviceRemove
from graphchat.errors import RemoteProtocolError

FIRST: Final = b""
"""Who added the device that was there from the beginning."""


@dataclass(frozen=True, slots=True)
class TheirDevices:
    """What the other side calls its devices, each with the one that added it."""

    added_by: Mapping[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    removed: frozenset[bytes] = frozenset()

    def named(self, device: bytes, before: bytes) -> Self:
        """Know how the device at the other end of a connection is called.

        ``before`` is what it was called until now, empty if that was not known. Raises
        `RemoteProtocolError` for another name than before, and for a removed one.
        """
        if before not in {b"", device} or device in self.removed:
            raise RemoteProtocolError("a device calls itself by the name of another one")
        if before == device:
            return self
        if device in self.added_by:
            raise RemoteProtocolError("a device calls itself by the name of another one")
        return replace(self, added_by={**self.added_by, device: FIRST})

    def add(self, said: DeviceAdd) -> Self:
        """Know one more device. Raises `RemoteProtocolError` if it cannot be one."""
        if said.by not in self.added_by:
            raise RemoteProtocolError("a device is added by one that is not known")
        if said.device in self.removed or said.device in self.added_by:
            raise RemoteProtocolError("a device is added twice, or after it was removed")
        if len(self.added_by) >= MAX_DEVICES:
            raise RemoteProtocolError(f"a contact has more than {MAX_DEVICES} devices")
        return replace(self, added_by={**self.added_by, said.device: said.by})

    def remove(self, said: DeviceRemove) -> tuple[Self, Sequence[bytes]]:
        """Forget a device, and those that it alone speaks for; return them too.

        What a stolen device has added is not among those that the others know to be good.
        Raises `RemoteProtocolError` if the one who says it is not known.
        """
        if said.by not in self.added_by:
            raise RemoteProtocolError("a device is removed by one that is not known")
        gone = [said.device]
        for device in gone:
            gone += [
                other
                for other, by in self.added_by.items()
                if by == device and other not in said.left and other not in gone
            ]
        known = [device for device in gone if device in self.added_by]
        if len(self.removed) + len(gone) > MAX_REMOVED:
            raise RemoteProtocolError("a contact has removed too many devices")
        added_by = {d: by for d, by in self.added_by.items() if d not in gone}
        return replace(self, added_by=added_by, removed=self.removed | set(gone)), known

"""Which devices a person has, as each of them sees it: lists that are put together in any order.

Rule: remove beats add. Who was removed never comes back, whoever says so and whenever; a device
that is linked again has another id. docs/protocol.md, section 26.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from graphchat.content.devices import ID, MAX_DEVICES, MAX_REMOVED
from graphchat.errors import RemoteProtocolError

FULL: Final = f"a person has more than {MAX_DEVICES} devices"


def pseudonym(root: bytes, device: bytes) -> bytes:
    """Return what the contact with this root calls a device: others cannot compare it."""
    return sha256(b"gc/1 device" + root + device).digest()[:ID]


def code_id(root: bytes, key: bytes) -> bytes:
    """Return the id of a code for a contact; ``key`` is the X25519 key in it."""
    return sha256(b"gc/1 device code" + root + key).digest()[:ID]


@dataclass(frozen=True, slots=True)
class OwnDevices:
    """A list of devices by id, and the ids of those that were removed."""

    names: Mapping[bytes, str]
    removed: frozenset[bytes] = frozenset()

    def merged(self, other: Self) -> Self:
        """Return both lists in one. Raises `RemoteProtocolError` if that is too much."""
        removed = self.removed | other.removed
        names = dict(self.names)
        for device, name in other.names.items():
            # Two names for one device: the same on every device, whoever hears whom first.
            names[device] = min(names.get(device, name), name)
        names = {device: name for device, name in names.items() if device not in removed}
        if len(names) > MAX_DEVICES or len(removed) > MAX_REMOVED:
            raise RemoteProtocolError(FULL)
        return type(self)(names, removed)

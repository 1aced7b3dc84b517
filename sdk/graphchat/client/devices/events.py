"""What a client tells its application of devices: one frozen type for each kind of event."""

from dataclasses import dataclass

from graphchat.client.contact import Contact
from graphchat.client.devices.device import Device
from graphchat.content import Message
from graphchat.ids import MessageId


@dataclass(frozen=True, slots=True)
class DeviceAsks:
    """Somebody has used a code of ours for a device: compare the words, then say yes or no."""

    id: int
    device: Device

    async def confirm(self) -> None:
        """See `Device.confirm`."""
        await self.device.confirm()

    async def refuse(self) -> None:
        """See `Device.refuse`."""
        await self.device.refuse()


@dataclass(frozen=True, slots=True)
class DeviceLinked:
    """Another device shares everything with this one from now on."""

    id: int
    device: Device


@dataclass(frozen=True, slots=True)
class DeviceRemoved:
    """A device was removed: it gets nothing more, and says nothing more for the profile."""

    id: int
    device: Device
    here: bool
    """It is this one: what was said stays, and nothing else can be said here."""


@dataclass(frozen=True, slots=True)
class MessageMirrored:
    """A person has said something to a contact on another device of theirs."""

    id: int
    contact: Contact
    message: Message
    message_id: MessageId


@dataclass(frozen=True, slots=True)
class ContactDevices:
    """A contact uses one device more, or less."""

    id: int
    contact: Contact
    count: int


DeviceEvent = DeviceAsks | DeviceLinked | DeviceRemoved | MessageMirrored | ContactDevices
"""What is about devices."""

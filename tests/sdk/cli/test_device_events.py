"""What is shown of devices; nothing in it can disturb a terminal."""

from typing import Any, cast

import pytest

from graphchat import (
    Contact,
    ContactDevices,
    Device,
    DeviceAsks,
    DeviceLinked,
    DeviceRemoved,
    MessageMirrored,
    Text,
)
from graphchat.cli import events
from graphchat.ids import MessageId


class Known:
    """A device, or a contact, with a name that is up to something."""

    name, id, state, here = "lap\x1b[2Jtop", "ab" * 16, "asking", False
    words = ("bedan", "gokel", "mifin", "tapor")


DEVICE, CONTACT = cast(Device, Known()), cast(Contact, Known())
ID = MessageId(bytes(16))
FOUND: list[tuple[Any, str, str]] = [
    (DeviceAsks(1, DEVICE), "device.asks", "bedan gokel mifin tapor: graphchat device confirm"),
    (DeviceLinked(1, DEVICE), "device.linked", "is linked"),
    (DeviceRemoved(1, DEVICE, here=False), "device.removed", "is removed"),
    (DeviceRemoved(1, DEVICE, here=True), "device.removed", "This device was removed"),
    (ContactDevices(1, CONTACT, 1), "contact.devices", "uses 1 device now"),
    (ContactDevices(1, CONTACT, 3), "contact.devices", "uses 3 devices now"),
    (MessageMirrored(1, CONTACT, Text("a\nb"), ID), "mirrored", "You, on another device, to"),
]


@pytest.mark.parametrize(("event", "name", "words"), FOUND)
def test_each_is_told(event: Any, name: str, words: str) -> None:
    assert events.record(event)["event"] == name
    line = events.line(event)
    assert words in line
    assert "\x1b" not in line
    assert all(more.startswith("    ") for more in line.splitlines()[1:])

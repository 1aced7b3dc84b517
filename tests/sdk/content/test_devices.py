"""Limits of what devices say of themselves."""

from typing import Any

import pytest

from graphchat.content import ProfileCard, codec, devices
from graphchat.content.devices import KnownDevice, Reached, SyncedLine
from graphchat.errors import ContentError, RemoteProtocolError

ID = bytes(16)
LINE = SyncedLine(ID, outgoing=True, payload=b"payload", sent_at=1.5, lasts=3600.0, left=12.5)
CONTACT = (
    *(ID, "Bob", True, 3, True, False, ("bedan",) * 6, ProfileCard("Bob", "person")),
    *(60, 2, True, (Reached(ID, b""), Reached(ID, ID))),
)
GOOD: list[tuple[Any, tuple[Any, ...]]] = [
    (devices.DeviceHello, (KnownDevice(ID, "phone"),)),
    (devices.DeviceList, ((KnownDevice(ID, "phone"),), (ID,))),
    (devices.DeviceEnd, ()),
    (devices.DeviceProfile, (ProfileCard("Alice", "person"), True)),
    (devices.DeviceContact, CONTACT),
    (devices.DeviceGone, (ID,)),
    (devices.DeviceOffer, (ID, ID, "GRAPHCHAT:CONTACT/AA")),
    (devices.DeviceLines, (ID, (LINE,), True, 1, 2)),
    (devices.DeviceSync, (0, 7)),
    (devices.DeviceRead, (ID, ID)),
    (devices.DeviceAdd, (ID, ID, "GRAPHCHAT:CONTACT/AA")),
    (devices.DeviceRemove, (ID, b"b" * 16, (b"b" * 16,))),
    (devices.DeviceHere, (ID,)),
]


@pytest.mark.parametrize(("kind", "values"), GOOD)
def test_each_survives_the_way(kind: Any, values: tuple[Any, ...]) -> None:
    message = kind(*values)
    assert codec.decode(codec.encode(message)) == message


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (devices.DeviceList, ((KnownDevice(ID, "phone"),) * 9, ())),
        (devices.DeviceList, ((), (ID,) * 257)),
        (devices.DeviceContact, (b"short", *CONTACT[1:])),
        (devices.DeviceContact, (*CONTACT[:3], 4, *CONTACT[4:])),
        (devices.DeviceContact, (*CONTACT[:6], ("bedan",) * 7, *CONTACT[7:])),
        (devices.DeviceContact, (*CONTACT[:8], -1, *CONTACT[9:])),
        (devices.DeviceContact, (*CONTACT[:11], (Reached(ID, ID),) * 17)),
        (devices.DeviceOffer, (ID, ID, "x" * 5_000)),
        (devices.DeviceLines, (ID, ())),
        (devices.DeviceLines, (ID, (LINE,) * 65)),
        (devices.DeviceLines, (ID, (LINE,), True, -1)),
        (devices.DeviceAdd, (ID, b"", "x")),
        (devices.DeviceRemove, (ID, ID, (b"b" * 16,) * 9)),
        (devices.DeviceHere, (b"",)),
    ],
)
def test_what_breaks_a_limit_is_refused(kind: Any, values: tuple[Any, ...]) -> None:
    with pytest.raises(RemoteProtocolError):
        codec.decode(codec.encode(kind(*values)))


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 101])
def test_a_device_has_a_name_that_can_be_shown(name: str) -> None:
    with pytest.raises(ContentError):
        KnownDevice(ID, name)


@pytest.mark.parametrize("moment", [-1.0, float("nan"), 1e12])
def test_a_line_has_a_time_that_can_be(moment: float) -> None:
    with pytest.raises(ContentError):
        SyncedLine(ID, outgoing=True, payload=b"", sent_at=moment)

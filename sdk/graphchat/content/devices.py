"""Messages by which the devices of one person keep in step, and tell contacts of each other.

Those that only own devices say to each other come first. docs/protocol.md, section 26.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from graphchat.content import rules
from graphchat.content.about import MAX_TIMER
from graphchat.content.profile import MAX_NAME, ProfileCard
from graphchat.errors import ContentError

ID: Final = 16
MAX_DEVICES: Final = 8
"""Devices of one person, at the same time."""
MAX_REMOVED: Final = 256
MAX_LINES: Final = 64
MAX_CODE: Final = 4_096
MAX_WORD: Final = 16
MAX_WORDS: Final = 6

_Id = Annotated[bytes, Meta(min_length=ID, max_length=ID)]
_Maybe = Annotated[bytes, Meta(max_length=ID)]
_Code = Annotated[str, Meta(max_length=MAX_CODE)]
_Moment = Annotated[int, Meta(ge=0, le=rules.MAX_INTEGER)]


class KnownDevice(Struct, frozen=True, array_like=True):
    """One device of a person, as its devices call it. Raises `ContentError` for a bad name."""

    id: _Id
    name: str

    def __post_init__(self) -> None:
        rules.name("name of the device", self.name, MAX_NAME)


class DeviceHello(Struct, tag_field="type", tag="device.hello", frozen=True):
    """Who is at the other end of a connection between two devices of one person."""

    device: KnownDevice


class DeviceList(Struct, tag_field="type", tag="device.list", frozen=True):
    """All devices of a person that the sender knows, and those that were removed."""

    devices: Annotated[tuple[KnownDevice, ...], Meta(max_length=MAX_DEVICES)]
    removed: Annotated[tuple[_Id, ...], Meta(max_length=MAX_REMOVED)]


class DeviceEnd(Struct, tag_field="type", tag="device.end", frozen=True):
    """The device that gets this was removed: it is no device of this person any more."""


class DeviceProfile(Struct, tag_field="type", tag="device.profile", frozen=True):
    """What contacts see, and whether they are told what was read."""

    profile: ProfileCard
    indicators: bool


class Reached(Struct, frozen=True, array_like=True):
    """A device of a contact to which the sender has a connection."""

    connection: _Id
    device: _Maybe
    """As the contact calls it; empty if that is not known."""


class DeviceContact(Struct, tag_field="type", tag="device.contact", frozen=True):
    """All that a device knows of a contact; replaces what was said of it before.

    Raises `ContentError` for a name that cannot be shown, or numbers out of their range.
    """

    root: _Id
    """The connection id by which the two people know each other."""
    name: str
    renamed: bool
    """The name was chosen by a person."""
    trust: Annotated[int, Meta(ge=0, le=3)]
    alice: bool
    """We made the code of the first connection."""
    private: bool
    words: Annotated[
        tuple[Annotated[str, Meta(max_length=MAX_WORD)], ...], Meta(max_length=MAX_WORDS)
    ]
    profile: ProfileCard
    timer: Annotated[int, Meta(ge=0, le=MAX_TIMER)]
    timer_version: _Moment
    timer_ours: bool
    reached: Annotated[tuple[Reached, ...], Meta(max_length=2 * MAX_DEVICES)]

    def __post_init__(self) -> None:
        rules.name("name of the contact", self.name, 2 * MAX_NAME)


class DeviceGone(Struct, tag_field="type", tag="device.gone", frozen=True):
    """A contact was removed, with all that was said."""

    root: _Id


class DeviceOffer(Struct, tag_field="type", tag="device.offer", frozen=True):
    """A code for one device of a contact: pass it on by the connection with this id."""

    root: _Id
    to: _Id
    code: _Code


class SyncedLine(Struct, frozen=True, array_like=True):
    """A message, or something said about one, as another device of ours has it."""

    id: _Id
    outgoing: bool
    payload: bytes
    """Empty if it is deleted."""
    sent_at: float
    edited: bool = False
    lasts: Annotated[float, Meta(ge=0, le=MAX_TIMER)] | None = None
    left: Annotated[float, Meta(ge=0, le=MAX_TIMER)] | None = None
    """Seconds until it disappears."""

    def __post_init__(self) -> None:
        rules.number("time of the message", self.sent_at, 0, 1e11)


class DeviceLines(Struct, tag_field="type", tag="device.lines", frozen=True):
    """What was said with a contact: just now, or once, the newest first then."""

    root: _Id
    lines: Annotated[tuple[SyncedLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    old: bool = False
    done: _Moment = 0
    """Lines of old conversations that were sent so far, with these."""
    of: _Moment = 0


class DeviceSync(Struct, tag_field="type", tag="device.sync", frozen=True):
    """How many lines of before there are, at the beginning and, all of them sent, at the end."""

    done: _Moment
    of: _Moment


class DeviceRead(Struct, tag_field="type", tag="device.read", frozen=True):
    """A person has seen, on another device, every message of theirs up to this one."""

    root: _Id
    target: _Id


class DeviceAdd(Struct, tag_field="type", tag="device.add", frozen=True):
    """To a contact: one more device of the sender, and a code to connect with it."""

    device: _Id
    """As this contact may call it: another contact hears another name of it."""
    by: _Id
    """The device that says so."""
    code: _Code


class DeviceRemove(Struct, tag_field="type", tag="device.remove", frozen=True):
    """To a contact: a device of the sender is lost, or was given away.

    Raises `ContentError` if the device is among those that are left.
    """

    device: _Id
    by: _Id
    left: Annotated[tuple[_Id, ...], Meta(max_length=MAX_DEVICES)]
    """All that the sender knows to be good."""

    def __post_init__(self) -> None:
        if self.device in self.left:
            raise ContentError("A device that is removed cannot be among those that stay.")


class DeviceHere(Struct, tag_field="type", tag="device.here", frozen=True):
    """To a contact: which device of the sender is at this end of the connection."""

    device: _Id


ForDevices = (
    DeviceHello | DeviceList | DeviceEnd | DeviceProfile | DeviceContact | DeviceGone
    | DeviceOffer | DeviceLines | DeviceSync | DeviceRead | DeviceAdd | DeviceRemove | DeviceHere
)  # fmt: skip
"""Every message of this module that can be a frame."""

"""What a client tells its application: one frozen type for each kind of event.

An event stays in the database until it is acknowledged: a crash repeats it with the same
``id``, and loses none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graphchat.client.contact import Contact
from graphchat.client.devices.events import DeviceEvent
from graphchat.client.groups.events import GroupEvent
from graphchat.client.introduction import Introduction
from graphchat.client.offrecord.session import OffTheRecord
from graphchat.client.request import Request
from graphchat.content import Message, ProfileCard
from graphchat.ids import MessageId


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A contact said something; exactly once, and in the order in which it was said."""

    id: int
    contact: Contact
    message: Message
    message_id: MessageId
    sent_at: datetime
    quote: str = ""
    """What it replies to: from the history, else as its author quotes it."""


@dataclass(frozen=True, slots=True)
class ControlReceived:
    """The program of a contact said something to ours, such as the commands of a bot."""

    id: int
    contact: Contact
    message: Message


@dataclass(frozen=True, slots=True)
class MessageDelivered:
    """The contact has signed that it has these messages of ours."""

    id: int
    contact: Contact
    message_ids: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True)
class ContactRequested:
    """Somebody asks, at an address, to become a contact."""

    id: int
    request: Request

    @property
    def contact(self) -> Contact:
        return self.request.contact

    @property
    def text(self) -> str:
        """What they say with it."""
        return self.request.text

    async def accept(self) -> Contact:
        """See `Request.accept`."""
        return await self.request.accept()

    async def reject(self) -> None:
        """See `Request.reject`."""
        await self.request.reject()


@dataclass(frozen=True, slots=True)
class OffTheRecordRequested:
    """A contact asks for a chat of which nothing is signed and nothing is kept.

    It is told once, and not stored. Accept it while they wait, for a minute or two.
    """

    id: int
    contact: Contact

    async def accept(self) -> OffTheRecord:
        """Begin the chat. Raises `StateError` if they do not ask any more."""
        return await self.contact.accept_off_the_record()

    async def reject(self) -> None:
        """Tell them no. Raises `StateError` if they do not ask any more."""
        await self.contact.reject_off_the_record()


@dataclass(frozen=True, slots=True)
class IntroductionReceived:
    """A contact introduces somebody to us."""

    id: int
    introduction: Introduction

    @property
    def contact(self) -> Contact:
        """Who introduces us."""
        return self.introduction.introducer

    async def accept(self, also: Sequence[Introduction] = ()) -> None:
        """See `Introduction.accept`."""
        await self.introduction.accept(also)

    async def reject(self) -> None:
        """See `Introduction.reject`."""
        await self.introduction.reject()


@dataclass(frozen=True, slots=True)
class Introduced:
    """Two contacts whom we have introduced to each other have both said yes."""

    id: int
    contact: Contact
    other: Contact


@dataclass(frozen=True, slots=True)
class IntroductionFailed:
    """Nothing came of an introduction; the reason says what to do."""

    id: int
    contact: Contact
    """One who has introduced us."""
    name: str
    """Of who was to be met."""
    suspects: tuple[str, ...]
    """Contacts who passed on something else than the others; all, if nobody can tell who lies."""
    reason: str


@dataclass(frozen=True, slots=True)
class ContactEstablished:
    """Both sides can talk now."""

    id: int
    contact: Contact


@dataclass(frozen=True, slots=True)
class ContactFailed:
    """A connection cannot come about; the reason says what to do."""

    id: int
    contact: Contact
    reason: str


@dataclass(frozen=True, slots=True)
class ContactRekeyed:
    """A code that was handed over has given a contact new keys; it is the same one as before."""

    id: int
    contact: Contact
    trust: int


@dataclass(frozen=True, slots=True)
class RelayFailed:
    """A relay does not keep its word, or does not answer; the lane by it is replaced.

    Nothing is lost while another lane of the connection works.
    """

    id: int
    contact: Contact
    relay: str
    """Its create URI, without a token."""
    ours: bool
    """It is one that we receive through, and the contact says so of it."""
    why: str
    """``drops``: it said OK to messages that never came; ``away``: it does not answer."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something about a contact is not as it should be; show ``warning`` to the person."""

    id: int
    contact: Contact
    warning: str


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """The contact says something else now in a message that it sent before."""

    id: int
    contact: Contact
    message_id: MessageId
    message: Message
    """As it is now."""


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """The contact has deleted a message of its own; it is forgotten here too."""

    id: int
    contact: Contact
    message_id: MessageId


@dataclass(frozen=True, slots=True)
class Reacted:
    """The contact answers a message by an emoji, instead of an earlier one."""

    id: int
    contact: Contact
    message_id: MessageId
    emoji: str
    """Empty: it has taken its reaction back."""


@dataclass(frozen=True, slots=True)
class Voted:
    """The contact answers a poll, instead of an earlier answer."""

    id: int
    contact: Contact
    message_id: MessageId
    options: tuple[int, ...]
    """Numbers of options, from 0; empty: it has taken its vote back."""


@dataclass(frozen=True, slots=True)
class ContactTyping:
    """Somebody types there, or has stopped. Told within 10 seconds, or not at all."""

    id: int
    contact: Contact
    active: bool


@dataclass(frozen=True, slots=True)
class ContactRead:
    """A person has seen a message of ours, and all before it."""

    id: int
    contact: Contact
    message_id: MessageId


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """The contact shows another profile."""

    id: int
    contact: Contact
    before: ProfileCard | None
    profile: ProfileCard


@dataclass(frozen=True, slots=True)
class TimerChanged:
    """The contact has chosen how long messages last from now on, on both sides."""

    id: int
    contact: Contact
    seconds: int
    """0: for ever."""


@dataclass(frozen=True, slots=True)
class FileFailed:
    """A file of ours cannot be sent, so its message was not said; the reason says what to do."""

    id: int
    contact: Contact
    message_id: MessageId
    name: str
    reason: str


AboutContact = (
    MessageReceived
    | ControlReceived
    | MessageDelivered
    | ContactRequested
    | OffTheRecordRequested
    | IntroductionReceived
    | Introduced
    | IntroductionFailed
    | ContactEstablished
    | ContactFailed
    | RelayFailed
    | ContactRekeyed
    | Alarm
    | MessageEdited
    | MessageDeleted
    | Reacted
    | Voted
    | ContactTyping
    | ContactRead
    | ProfileChanged
    | TimerChanged
    | FileFailed
)
"""What is about a contact, and no group."""
Event = AboutContact | GroupEvent | DeviceEvent

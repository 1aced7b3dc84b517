"""All that follows from one event, gathered in memory until it is stored as a whole.

Nothing of a turn leaves the process before its transaction is on disk, and a turn whose
handler failed is thrown away: so an event that comes again has no effect twice.
"""

from copy import copy
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from typing import Final, Literal

from graphchat.content import Choices, Form, Option, Text
from graphchat.errors import LocalProtocolError
from graphchat_bots import actions
from graphchat_bots.actions import Action
from graphchat_bots.message import Event, Sender
from graphchat_bots.parcel import Parcel, pack
from graphchat_bots.port import Group
from graphchat_bots.roles import RoleChange

OutKind = Literal["message", "action"]

# What one event may set off; a handler in an endless loop ends here.
MAX_MESSAGES: Final = 1_000
MAX_BYTES: Final = 32 * 2**20
MAX_NEW_JOBS: Final = 100

# What the id of a run of a cron begins with, and the name of the place where it runs.
CRON_JOB: Final = "cron-"
CRON_CHAT: Final = "cron:"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message or an action on its way out."""

    chat: str
    message_id: bytes
    """Its id: what goes a second time under the same one has no effect."""
    body: bytes
    """As `graphchat_bots.parcel.pack` makes it, or `graphchat_bots.actions.pack`."""
    kind: OutKind = "message"
    bulk: bool = False
    """Whether it is in no hurry: other messages of the chat may leave before it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Options that a message of the bot lets people choose from, or a form."""

    chat: str
    message_id: bytes
    options: tuple[Option, ...]
    is_open: bool = True
    """Whether nobody has answered: then a number or a label alone is an answer."""
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Something that a bot will do in a chat."""

    id: str
    name: str
    """Of the decorated function."""
    chat: str
    sender: Sender
    """Who caused it, as they called themselves then."""
    body: bytes
    """MessagePack array of its arguments."""
    due: float
    """Seconds since 1970."""
    tries: int = 0
    """How often it has failed."""
    group: Group | None = None
    """Where it was caused, under its name of then; None in a chat with a contact."""

    @property
    def is_cron(self) -> bool:
        """Whether it is a run of a cron, planned or put back from the dead letters."""
        return self.chat == CRON_CHAT + self.name

    @property
    def is_planned(self) -> bool:
        """Whether it is a run of a cron that came by the calendar: another follows it."""
        return self.id.startswith(CRON_JOB)


@dataclass(slots=True)
class Turn:
    """The effects of one event, in the order in which its handler asked for them."""

    event: Event
    is_over: bool = field(default=False, kw_only=True)
    """Whether all this has happened before: a handler only runs again."""
    messages: list[Outgoing] = field(default_factory=list[Outgoing])
    jobs: list[Job] = field(default_factory=list[Job])
    roles: list[RoleChange] = field(default_factory=list[RoleChange])
    offers: list[Offer] = field(default_factory=list[Offer])
    _texts: dict[bytes, str] = field(default_factory=dict[bytes, str])
    _size: int = 0

    def mark(self) -> tuple[object, ...]:
        """Return what was gathered so far, for `rewind`."""
        return tuple(copy(getattr(self, each.name)) for each in fields(self))

    def rewind(self, before: tuple[object, ...]) -> None:
        """Drop what was gathered since `mark`."""
        for each, value in zip(fields(self), before, strict=True):
            setattr(self, each.name, value)

    def say(self, message: Parcel, to: str | None = None, *, bulk: bool = False) -> bytes:
        """Send ``message`` to the chat, or to another, once the turn is stored; return its id.

        What jobs say is always in ``bulk``: in no hurry.

        Raises `LocalProtocolError` if one event sets off more than 1,000 messages or 32 MiB,
        `TypeError` if there is no chat.
        """
        chat = self.event.chat if to is None else to
        if chat.startswith(CRON_CHAT):
            raise TypeError(
                "What a cron does belongs to no chat. Say where: await ctx.send(..., to=chat)"
            )
        bulk = bulk or self.event.kind in {"job", "cron"}
        return self._leave(chat, pack(message), bulk=bulk)

    def act(self, action: Action) -> None:
        """Do something in the group once the turn is stored. Raises as `say`."""
        bulk = self.event.kind in {"job", "cron"}  # as what is said there, for the order
        self._leave(self.event.chat, actions.pack(action), "action", bulk=bulk)

    def grow(self) -> bytes:
        """Keep the place of a message whose text comes by `grown`; return its id. See `say`."""
        name = self.say(Text(""))
        self._texts[name] = ""
        return name

    def grown(self, name: bytes, text: str) -> None:
        """Let a message from `grow` say ``text``."""
        self._texts[name] = text

    def place(self, name: bytes) -> int:
        """Return how many messages stand before this one."""
        return [each.message_id for each in self.messages].index(name)

    def outgoing(self) -> tuple[Outgoing, ...]:
        """Return what is to leave, with the texts that have grown, but for empty ones."""
        if not self._texts:
            return tuple(self.messages)
        filled = (
            replace(each, body=pack(Text(self._texts[each.message_id])))
            if each.message_id in self._texts
            else each
            for each in self.messages
            if self._texts.get(each.message_id, "x").strip()
        )
        return tuple(filled)

    def offer(self, asked: Choices | Form, to: str | None = None, *, bulk: bool = False) -> bytes:
        """Say ``asked`` and wait for an answer to it; to choices in words too. See `say`."""
        name = self.say(asked, to, bulk=bulk)
        chat = self.messages[-1].chat
        if isinstance(asked, Form):
            self.offers.append(Offer(chat, name, (), is_open=False, form=asked))
        else:
            self.offers.append(Offer(chat, name, asked.options))
        return name

    def _leave(
        self, chat: str, body: bytes, kind: OutKind = "message", *, bulk: bool = False
    ) -> bytes:
        self._size += len(body)
        if len(self.messages) >= MAX_MESSAGES or self._size > MAX_BYTES:
            raise LocalProtocolError(
                "A handler sends more than 1,000 messages or 32 MiB for one event. Let a job"
                " send the rest: await ctx.later(timedelta(), job, ...)"
            )
        name = message_id(self.event.id, len(self.messages))
        self.messages.append(Outgoing(chat, name, body, kind, bulk=bulk))
        return name

    def schedule(self, name: str, body: bytes, due: float) -> None:
        """Run the job ``name`` at ``due``, in this chat.

        Raises `LocalProtocolError` if one event sets off more than 100 jobs.
        """
        if len(self.jobs) >= MAX_NEW_JOBS:
            raise LocalProtocolError("A handler schedules too many jobs for one event.")
        event = self.event
        id_ = f"job-{_digest(b'gc/1 bot job', event.id, len(self.jobs)).hex()}"
        job = Job(id_, name, event.chat, event.sender, body, due, group=event.group)
        self.jobs.append(job)


def message_id(event_id: str, index: int) -> bytes:
    """Return the id of the message number ``index`` that answers an event.

    The same event gives the same ids, so whoever gets an answer twice sees it once.
    """
    return _digest(b"gc/1 bot", event_id, index)


def _digest(label: bytes, event_id: str, index: int) -> bytes:
    return sha256(label + event_id.encode() + index.to_bytes(4)).digest()[:16]

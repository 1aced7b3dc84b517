"""Saying something to a contact, and about what was said.

Base of `Contact`, which says more about who is at the other end.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from graphchat import content
from graphchat.client import amending, history, indicators, timers
from graphchat.client.apply import Applier
from graphchat.client.conversation import Conversation
from graphchat.client.history import Line
from graphchat.client.live import STATES, Live, MessageState, Progress
from graphchat.client.receipt import Receipt
from graphchat.client.rows import Spoken
from graphchat.content import (
    Choice,
    Choices,
    Delete,
    Edit,
    Form,
    FormAnswer,
    Message,
    Reaction,
    Text,
    Timer,
    Vote,
)
from graphchat.content.forms import Value
from graphchat.content.pictures import MAX_FILE, make_image
from graphchat.content.words import kind_of, text_of
from graphchat.core.frame import MESSAGE_ID_SIZE, Kind
from graphchat.core.handshake import Phase
from graphchat.errors import ContentError, StateError
from graphchat.ids import MessageId
from graphchat.store import Cursor

# Seconds that `send` waits for a relay before it leaves the message to the queue.
SEND_TIMEOUT: Final = 10.0

Sendable = str | Path | Message


class Talking(Conversation):
    """What one side of a conversation can do in it."""

    async def post(self, message: Sendable, *, id: MessageId | None = None) -> Receipt:  # noqa: A002
        """Store a message and leave: it is sent as soon as a relay can be reached.

        ``message`` is text, the path of a picture, or any message. With an ``id`` (16 random
        bytes) that was used for this contact before, nothing is sent twice: use one where a
        timeout may cancel this, for what was cancelled may be sent all the same. Raises
        `ContentError`, `StateError`, `StoreError`.
        """
        said = await as_message(message)
        if isinstance(said, content.About):
            raise ContentError("This is said by a method of its own, such as `disappear`.")
        message_id = id or MessageId(self._engine.context.clock.random(MESSAGE_ID_SIZE))
        if len(message_id) != MESSAGE_ID_SIZE:
            raise ContentError(f"The id of a message has {MESSAGE_ID_SIZE} bytes.")
        return await self._engine.do(partial(self._say, said, message_id))

    async def send(
        self,
        message: Sendable,
        *,
        id: MessageId | None = None,  # noqa: A002
        timeout: float = SEND_TIMEOUT,  # noqa: ASYNC109
    ) -> Receipt:
        """Send a message and wait until a relay has it.

        When none can be reached within ``timeout`` seconds the message stays queued, and
        ``receipt.state`` says so: it leaves by itself later. See `post`.
        """
        receipt = await self.post(message, id=id)
        await receipt.sent_within(timeout)
        return receipt

    async def reply(self, id: MessageId, message: Sendable, **options: Any) -> Receipt:  # noqa: A002
        """Send a message that answers another one, and quotes it. Options are those of `send`.

        Raises `NotFoundError` if there is no message with this id, and as `send`.
        """
        said, about = await as_message(message), await self.line(id)
        return await self.send(self.replying(said, about), **options)

    @staticmethod
    def replying(message: Message, about: Line) -> Message:
        """Return ``message`` as an answer to a line. Raises `ContentError` if it cannot be one."""
        if not isinstance(message, content.Repliable):
            raise ContentError("This kind of message cannot be a reply. Send it by itself.")
        return structs.replace(message, reply_to=about.id, quote=history.quote_of(about))

    async def edit(self, id: MessageId, text: str) -> Receipt:  # noqa: A002
        """Say something else in a text of ours, or in the caption of a picture.

        Raises `NotFoundError`, `StateError` if it is not ours or deleted, `ContentError`.
        """
        return await self.post(Edit(id, text))

    async def delete(self, id: MessageId, *, local_only: bool = False) -> None:  # noqa: A002
        """Forget a message here, and, if it is ours, ask the other side to do so.

        With ``local_only`` the other side is not told, and it may be theirs. Raises
        `NotFoundError`, `StateError`.
        """
        if local_only:
            await self._engine.do(partial(self._forget, id))
        else:
            await self.post(Delete(id))

    async def react(self, id: MessageId, emoji: str) -> Receipt:  # noqa: A002
        """Answer a message by one emoji, instead of an earlier one; "" takes it back."""
        return await self.post(Reaction(id, emoji))

    async def vote(self, id: MessageId, *options: int) -> Receipt:  # noqa: A002
        """Choose options of a poll by number, from 0, instead of earlier ones; none: no vote."""
        return await self.post(Vote(id, tuple(sorted(set(options)))))

    async def choose(self, id: MessageId, option: str) -> Receipt:  # noqa: A002
        """Press a button of a message, by the id of the option, or its number from 1."""
        message = (await self.line(id)).message
        if not isinstance(message, Choices):
            raise StateError("This message has no buttons.")
        found = message.option(option)
        return await self.post(Choice(id, found.id, found.label))

    async def answer_form(self, id: MessageId, values: Mapping[str, Value]) -> Receipt:  # noqa: A002
        """Fill in a form, by the names of its fields. Raises `ContentError` for what is wrong."""
        message = (await self.line(id)).message
        if not isinstance(message, Form):
            raise StateError("This message is no form.")
        message.check(values)
        return await self.post(FormAnswer(id, dict(values)))

    async def disappear(self, seconds: int) -> None:
        """Have new messages, of both sides, forgotten by both after so long; 0: never.

        Raises `ContentError` for more than a year, `StateError`.
        """
        Timer(seconds, 1)  # refuses what cannot be

        async def choose(turn: Applier) -> None:
            await timers.say(turn, await self._talking(), seconds)

        await self._engine.do(choose)

    @property
    def disappears(self) -> int:
        """Seconds after which messages disappear; 0: never."""
        return self._live.timer.seconds

    async def typing(self, *, active: bool = True) -> None:
        """Let the other side know that somebody types; call it at each key. See `indicators`."""
        await self._engine.do(partial(indicators.type_to, self._engine, self._id, active=active))

    async def read(self, up_to: MessageId | None = None) -> None:
        """Note that a person has seen a message of theirs and all before it; None: all.

        The other side learns it only if the profile has indicators on.
        """
        await self._engine.do(partial(indicators.read, self._engine, self._id, up_to))

    async def flushed(self) -> None:
        """Return once a relay has all that was said to the contact."""
        while self._engine.flow.is_behind(self._live):
            await self._engine.answers.wait()

    async def _forget(self, message_id: MessageId, turn: Applier) -> None:
        await amending.forget_here(turn, await self._engine.live(self._id), message_id)

    async def _talking(self) -> Live:
        """Return the connection if something can be said by it. Raises `StateError`."""
        live = await self._engine.live(self._id)
        if live.failed:
            raise StateError(live.failed)
        if live.connection.phase is Phase.INVITED or not live.connection.lanes:
            raise StateError(
                "Nobody has used this invitation yet, or the request is not accepted."
            )
        return live

    async def _say(self, message: Message, message_id: MessageId, turn: Applier) -> Receipt:
        live, context = await self._talking(), self._engine.context
        said = await context.database.read(partial(_said, live.id, message_id))
        if said is not None:
            return self._receipt(live, Progress(message_id, *said))
        payload = content.encode(message)
        if isinstance(message, content.Amending):
            await amending.check(turn, live, message)
            stored = live.connection.say(Kind.CONTENT, message_id, payload)
            await turn.apply(live, [stored])
            amending.said(turn, live, stored.written.frame, message)
            return self._receipt(live, Progress(message_id, stored.written.seq, "queued"))
        stored = live.connection.say(kind_of_frame(message), message_id, payload)
        now = context.clock.now()
        spoken = Spoken(
            live.id,
            message_id,
            outgoing=True,
            kind=kind_of(message),
            text=text_of(message),
            data=payload,
            sent_at=now,
            received_at=now,
            state="queued",
            lasts=live.timer.seconds or None,
        )
        turn.spoken(live, spoken)
        await turn.apply(live, [stored])
        return self._receipt(live, Progress(message_id, stored.written.seq, "queued"))

    def _receipt(self, live: Live, progress: Progress) -> Receipt:
        context = self._engine.context
        known = context.watch(live.id, progress)
        return Receipt(known, datetime.fromtimestamp(context.clock.now(), UTC))


async def as_message(message: Sendable) -> Message:
    """Return what ``message`` stands for: text, or a picture from a file.

    Raises `ContentError` if the file is no picture that can be sent.
    """
    match message:
        case str():
            return Text(message)
        case Path():
            return make_image(await asyncio.to_thread(read_file, message))
        case _:
            return message


def kind_of_frame(message: Message) -> Kind:
    """Return whether people read ``message`` or programs do."""
    return Kind.CONTROL if isinstance(message, content.ForPrograms) else Kind.CONTENT


def read_file(path: Path) -> bytes:
    """Return what is in a file, as far as a picture can be long. Raises `ContentError`."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise ContentError(f"The file cannot be read: {error.strerror}.") from None


def _said(connection: int, message_id: bytes, cursor: Cursor) -> tuple[int, MessageState] | None:
    """Return number and state of a message of ours; the number is 0 once it is delivered."""
    row = cursor.execute(
        "SELECT ifnull(f.seq, 0), m.state FROM client_message m LEFT JOIN client_frame f"
        " ON f.connection_id = m.connection_id AND f.msg_id = m.msg_id"
        " WHERE m.connection_id = ? AND m.msg_id = ? AND m.outgoing",
        (connection, message_id),
    ).fetchone()
    # Nobody knows more of one that was on its way when a backup was made.
    return (row[0], row[1] if row[1] in STATES else "sent") if row else None

"""Saying something to a contact, and about what was said.

Base of `Contact`, which says more about who is at the other end.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from graphchat import content
from graphchat.client import amending, history, indicators, saying, timers
from graphchat.client.apply import Applier
from graphchat.client.conversation import Conversation
from graphchat.client.files import removing
from graphchat.client.files.disk import is_picture
from graphchat.client.files.fetching import Fetching, Watch, quiet
from graphchat.client.files.receipt import FileReceipt
from graphchat.client.files.records import LocalFile, Where
from graphchat.client.history import Line
from graphchat.client.live import Live
from graphchat.client.receipt import Receipt
from graphchat.content import (
    Choice,
    Choices,
    Delete,
    Edit,
    File,
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
from graphchat.core.frame import MESSAGE_ID_SIZE
from graphchat.errors import ContentError, StateError
from graphchat.ids import MessageId

# Seconds that `send` waits for a relay before it leaves the message to the queue.
SEND_TIMEOUT: Final = 10.0

Sendable = str | Path | LocalFile | Message


class Talking(Conversation):
    """What one side of a conversation can do in it."""

    async def post(self, message: Sendable, *, id: MessageId | None = None) -> Receipt:  # noqa: A002
        """Store a message and leave: it is sent as soon as a relay can be reached.

        ``message`` is text, the path of a picture or of another file, a `LocalFile`, or any
        message. A picture of up to 32 MiB is made small and safe and travels inside; any other
        file goes to relays first, and its message follows: see `FileReceipt`. With an ``id`` (16
        random bytes) that was used for this contact before, nothing is sent twice: use one where
        a timeout may cancel this, for what was cancelled may be sent all the same. Raises
        `ContentError`, `StateError`, `StoreError`.
        """
        said = await as_message(message)
        if isinstance(said, content.About):
            raise ContentError("This is said by a method of its own, such as `disappear`.")
        message_id = id or MessageId(self._engine.context.clock.random(MESSAGE_ID_SIZE))
        if len(message_id) != MESSAGE_ID_SIZE:
            raise ContentError(f"The id of a message has {MESSAGE_ID_SIZE} bytes.")
        if isinstance(said, LocalFile):
            return await self._send_file(said, message_id)
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
    def replying(message: Message | LocalFile, about: Line) -> Message | LocalFile:
        """Return ``message`` as an answer to a line. Raises `ContentError` if it cannot be one."""
        if isinstance(message, LocalFile):
            return replace(message, reply_to=about.id, quote=history.quote_of(about))
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

        With ``local_only`` the other side is not told, and it may be theirs. A file of ours is
        deleted at its relays, too, if it is still there. Raises `NotFoundError`, `StateError`.
        """
        found = await self.line(id)
        if local_only:
            await self._engine.do(partial(self._forget, id))
        else:
            await self.post(Delete(id))
            await self._take_back(found)

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

    async def fetch(self, id: MessageId, target: Path, watch: Watch = quiet) -> Path:  # noqa: A002
        """Get the file of a message from the relays, and return where it is.

        ``target`` is its new name, or a folder, where it gets a safe and free one: nothing is
        overwritten. ``watch`` hears of bytes, and of how many. What came before a crash or a
        cancellation stays beside it, and is not fetched again. Raises `NotFoundError` once the
        relays do not have it any more, `RelayUnreachableError` if they do not answer,
        `RemoteProtocolError` if what they have is not the file, `StateError` if it cannot be
        written.
        """
        line = await self.line(id)
        if not isinstance(line.message, File):
            raise StateError("This message is no file.")
        where = Where(self._id, 0, id)
        fetching = Fetching(self._engine, where, self._live.profile, line.message)
        return await fetching.run(target, watch)

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

    async def _take_back(self, line: Line) -> None:
        """Delete what relays have of a file that was deleted here."""
        file, profile = line.message, self._live.profile
        if not isinstance(file, File) or not line.outgoing:
            return

        async def remove(turn: Applier) -> None:
            removing.remove(turn, profile, removing.places_of(file))

        await self._engine.do(remove)

    async def _forget(self, message_id: MessageId, turn: Applier) -> None:
        await amending.forget_here(turn, await self._engine.live(self._id), message_id)

    async def _talking(self) -> Live:
        """Return the connection if something can be said by it. Raises `StateError`."""
        live = await self._engine.live(self._id)
        saying.check(self._engine.context, live)
        return live

    async def _say(self, message: Message, message_id: MessageId, turn: Applier) -> Receipt:
        progress = await saying.say(turn, await self._talking(), message, message_id)
        return Receipt(progress, self._now())

    async def _send_file(self, file: LocalFile, message_id: MessageId) -> Receipt:
        """Begin to send a file, unless that was begun, or done, under this id."""

        async def known(turn: Applier) -> Receipt | None:
            live = await self._talking()
            progress = await saying.said(turn, live, message_id)
            return None if progress is None else Receipt(progress, self._now())

        if (receipt := await self._engine.do(known)) is not None:
            return receipt
        where = Where(self._id, 0, message_id)
        return FileReceipt(self._engine, await self._engine.uploads.send(where, file), self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._engine.context.clock.now(), UTC)


async def as_message(message: Sendable) -> Message | LocalFile:
    """Return what ``message`` stands for: text, a picture from a file, or any other file.

    Raises `ContentError` if it cannot be read, or is a picture that cannot be sent as one.
    """
    match message:
        case str():
            return Text(message)
        case Path() if not await asyncio.to_thread(is_picture, message):
            return LocalFile(message)
        case Path():
            return make_image(await asyncio.to_thread(read_file, message))
        case _:
            return message


def read_file(path: Path) -> bytes:
    """Return what is in a file, as far as a picture can be long. Raises `ContentError`."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise ContentError(f"The file cannot be read: {error.strerror}.") from None

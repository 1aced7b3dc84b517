"""One contact of a profile: somebody to talk to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from re import fullmatch
from typing import Any, Final, TypeVar

from msgspec import structs

from graphchat import content
from graphchat.client import accept, amending, history, indicators, proof, rekeying, rows, timers
from graphchat.client.apply import Applier
from graphchat.client.engine import Engine
from graphchat.client.history import Line, Window
from graphchat.client.live import STATES, VERIFIED, Live, MessageState, Progress
from graphchat.client.proof import Proof
from graphchat.client.receipt import Receipt
from graphchat.client.rekeying import RekeyCode
from graphchat.client.rows import Spoken
from graphchat.client.search import Scope, Search
from graphchat.content import (
    Choice,
    Choices,
    Delete,
    Edit,
    Form,
    FormAnswer,
    Message,
    ProfileCard,
    Reaction,
    Text,
    Timer,
    Vote,
    rules,
)
from graphchat.content.forms import Value
from graphchat.content.pictures import MAX_FILE, make_image
from graphchat.content.profile import MAX_NAME
from graphchat.content.words import kind_of, text_of
from graphchat.core.connection import Connection
from graphchat.core.frame import MESSAGE_ID_SIZE, Kind
from graphchat.core.handshake import Phase
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.store import Cursor
from graphchat.store.words import Query

# Seconds that `send` waits for a relay before it leaves the message to the queue.
SEND_TIMEOUT: Final = 10.0
MAX_PAGE: Final = 1_000
# Lines in memory while all of a conversation is read: each may be a picture.
SMALL_PAGE: Final = 50

T = TypeVar("T")
Sendable = str | Path | Message


class Contact:
    """A connection with the person, bot or group at its other end.

    A handle: two of one contact are equal, and both follow what happens.
    """

    def __init__(self, engine: Engine, live: Live) -> None:
        self._engine: Final = engine
        self._id: Final = live.id
        self._last: Live = live

    @property
    def _live(self) -> Live:
        self._last = self._engine.context.lives.get(self._id, self._last)
        return self._last

    @property
    def id(self) -> str:
        """The connection id, 32 hexadecimal digits: stable, local, and known to both ends."""
        return self._live.connection.cid.hex()

    @property
    def name(self) -> str:
        """A name that no other contact of the profile has, for people to type."""
        return self._live.name

    @property
    def kind(self) -> str:
        return self._live.kind

    @property
    def state(self) -> str:
        """``invited``, ``requested``, ``pending``, ``established``, or ``failed`` for good."""
        return "failed" if self._live.failed else self._live.connection.phase.value

    @property
    def mode(self) -> str:
        """``provable``: every message and receipt is signed; ``private``: none is, for good."""
        return self._live.connection.state.handshake.mode.value

    @property
    def needs_code(self) -> bool:
        """Whether nothing can be sent until both have a new code, since a backup was restored."""
        lanes = [lane for lane in self._live.connection.lanes.values() if lane.started]
        return bool(lanes) and all(lane.state.stale for lane in lanes)

    @property
    def trust(self) -> int:
        """How sure it is who that is: 0 by an address, 2 by an invitation, 3 once verified.

        An invitation is handed over outside of graphchat, scanned or pasted: 2 is as good as
        the way that it took.
        """
        return self._live.trust

    def safety_words(self) -> tuple[str, ...]:
        """Return six words that are the same for both if nobody is in between.

        Compare them by voice or in person. Raises `StateError` until both sides have agreed.
        """
        words = self._live.connection.state.handshake.words
        if not words:
            raise StateError("There are no safety words yet: the other side has not answered.")
        return words

    async def rekey(self) -> RekeyCode:
        """Make a one-time code that gives this contact new keys: hand it over in person.

        The other side uses it as an invitation. It heals what a restored backup has broken, and
        makes trust 3 if it was the other side that showed a code before. Raises `StateError`
        before both can talk, `RelayError` if no relay of ours answers.
        """
        return RekeyCode(await rekeying.make(self._engine, self._id), self.rekeyed)

    async def rekeyed(self) -> None:
        """Return once no code for new keys of this contact waits any more."""
        await self._until(lambda live: live.connection.state.rekey.shake is None)

    async def verify(self) -> None:
        """Note that both people have compared their `safety_words`: trust is 3 from now on.

        Raises `StateError` while there are no words.
        """
        self.safety_words()

        async def note(turn: Applier) -> None:
            live = await self._engine.live(self._id)
            turn.unit.on_failure(partial(setattr, live, "trust", live.trust))
            live.trust = VERIFIED
            turn.unit.write(rows.trust(live))

        await self._engine.do(note)

    @property
    def post_quantum(self) -> bool:
        """Whether every lane has ML-KEM from the other side, against later quantum computers.

        False until something came by each of them.
        """
        lanes = [lane for lane in self._live.connection.lanes.values() if lane.started]
        return bool(lanes) and all(lane.post_quantum for lane in lanes)

    @property
    def connection(self) -> Connection:
        """The machine underneath."""
        return self._live.connection

    @property
    def row_id(self) -> int:
        return self._id

    @property
    def request_text(self) -> str:
        """What was said with the request that began it."""
        return self._live.connection.state.handshake.text

    @property
    def profile(self) -> ProfileCard | None:
        """What the contact says of itself; None until it has answered."""
        return self._live.connection.state.handshake.peer_profile

    @property
    def relays(self) -> tuple[str, ...]:
        """Where the contact receives: one create URI for each lane."""
        peers = (lane.state.peer for lane in self._live.connection.lanes.values())
        return tuple(peer.base for peer in peers if peer is not None)

    async def asked(self) -> None:
        """Return once a relay has what we say to begin: the other side can answer any time.

        Raises `StateError` if the code does not work any more.
        """
        await self._until(lambda live: live.asked or live.established)

    async def established(self) -> None:
        """Return once both sides can talk. Raises `StateError` if that cannot happen."""
        await self._until(lambda live: live.established)

    async def _until(self, reached: Callable[[Live], bool]) -> None:
        while not reached(self._live):
            if self._live.failed:
                raise StateError(self._live.failed)
            await self._engine.context.pulses[self._id].wait()
            if self._id not in self._engine.context.lives:
                await self._still_there()

    async def _still_there(self) -> None:
        try:
            await self._engine.live(self._id)
        except NotFoundError:
            raise StateError("This contact was removed.") from None

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
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await receipt.sent()
        return receipt

    async def history(
        self, *, query: str = "", before: int | None = None, limit: int = 50
    ) -> Sequence[Line]:
        """Return the newest ``limit`` lines, oldest first.

        ``query`` keeps those with its words in any order, or words that begin with them; what
        is in quotation marks stands together. Where there are none, parts of words will do.
        ``before`` keeps those above a position.
        """
        most, database = min(max(limit, 0), MAX_PAGE), self._engine.context.database
        now = self._engine.context.clock.now()
        if not query.strip():
            return await self._read(partial(history.page, self._id, Window(before, most, now)))
        search = Search(database, Scope(connection=self._id), Query.of(query))
        positions = await search.positions(before, most)
        return [line for _, line in await history.lines_at(database, positions, now)]

    async def everything(
        self, progress: Callable[[int, int], None] = lambda _done, _of: None
    ) -> AsyncIterator[Line]:
        """Yield all lines that are there now, oldest first; few are in memory at a time.

        ``progress`` hears how many are done, and of how many.
        """
        database, now = self._engine.context.database, self._engine.context.clock.now()
        places = await database.read(partial(history.positions, self._id, now))
        for start in range(0, len(places), SMALL_PAGE):
            few = places[start : start + SMALL_PAGE]
            for _, found in await history.lines_at(database, few, now):
                yield found
            progress(min(start + SMALL_PAGE, len(places)), len(places))

    async def line(self, id: MessageId) -> Line:  # noqa: A002
        """Return one message of theirs, or of ours. Raises `NotFoundError`."""
        for outgoing in (False, True):
            found = await self._read(partial(history.line, self._id, id, outgoing))
            if found is not None:
                return found
        raise NotFoundError(amending.UNKNOWN)

    async def find(self, text: str, *, outgoing: bool | None = None) -> MessageId:
        """Return the id that begins with these hexadecimal digits, or that of the ``last`` one.

        ``outgoing`` says whose the last one is: ours, theirs, or anybody's (None). Raises
        `NotFoundError`, `StateError` if several begin with it.
        """
        if text == "last":
            found = await self._read(partial(history.newest, self._id, outgoing))
            if found is None:
                raise NotFoundError("Nothing was said yet that could be meant.")
            return MessageId(found)
        if not fullmatch(r"[0-9a-fA-F]{4,32}", text):
            raise NotFoundError("The id of a message has 4 to 32 digits and letters up to f.")
        rows_found = await self._read(partial(history.matching, self._id, text))
        names = {name for name, _ in rows_found}
        if len(names) > 1:
            raise StateError(f"Several messages begin with {text}. Give more of the id.")
        if not names:
            raise NotFoundError(amending.UNKNOWN)
        return MessageId(names.pop())

    async def _read(self, work: Callable[[Cursor], T]) -> T:
        return await self._engine.context.database.read(work)

    # What is said about messages

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

    # The conversation

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

    async def unread(self) -> int:
        """Return how many messages of theirs nobody has seen."""
        return await self._read(partial(indicators.unread, self._id))

    async def flushed(self) -> None:
        """Return once a relay has all that was said to the contact."""
        while self._engine.flow.is_behind(self._live):
            await self._engine.answers.wait()

    async def rename(self, name: str) -> None:
        """Call the contact something else here; a number follows if somebody is called alike.

        Raises `ContentError` for a name that cannot be shown.
        """
        rules.name("name", name, MAX_NAME)

        async def choose(turn: Applier) -> None:
            live = await self._engine.live(self._id)
            turn.context.take_name(turn.unit, live, name)
            live.named = live.renamed = True
            turn.unit.touch(live)
            turn.unit.write(rows.renamed(live.id))

        await self._engine.do(choose)

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

    async def export_proof(  # noqa: PLR0913 - each narrows what is shown
        self,
        *,
        messages: Collection[MessageId] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        attachments: bool = True,
        profiles: bool = True,
        progress: proof.Progress | None = None,
    ) -> Proof:
        """Make a file that proves what was said and received; see `client.proof.Choice`.

        The whole conversation, or messages by their ids, or by the times of their authors.
        Raises `StateError` if nothing can be proved with this contact, `NotFoundError` for an
        id that is not there, `ContentError` if the file would be too large.
        """
        choice = proof.Choice(messages, since, until, attachments, profiles)
        live = await self._engine.live(self._id)
        return await proof.export(self._engine.context, live, choice, progress)

    async def remove(self) -> None:
        """Delete the contact, the conversation, and its queues at the relays."""
        await self._engine.do(self._remove)

    async def withdraw(self) -> None:
        """Delete an invitation. Raises `StateError` if somebody has used it."""

        async def forget(turn: Applier) -> None:
            live = await self._engine.live(self._id)
            if live.connection.phase is not Phase.INVITED:
                raise StateError("This invitation was used. Remove the contact instead.")
            await self._remove(turn)

        await self._engine.do(forget)

    async def _remove(self, turn: Applier) -> None:
        accept.remove(turn, await self._engine.live(self._id))

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

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Contact) and other._engine is self._engine and other._id == self._id
        )

    def __hash__(self) -> int:
        return hash((Contact, self._id))

    def __repr__(self) -> str:
        return f"<Contact {self.name!r}, {self.state}>"


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

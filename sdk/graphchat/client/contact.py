"""One contact of a profile: somebody to talk to."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from graphchat import content
from graphchat.client import accept, proof, rows
from graphchat.client.apply import Applier, kind_of_message, text_of
from graphchat.client.engine import Engine
from graphchat.client.live import Live, MessageState, Progress
from graphchat.client.proof import Proof
from graphchat.client.receipt import Receipt
from graphchat.client.rows import Spoken
from graphchat.client.search import Scope, Search
from graphchat.content import Message, ProfileCard, Text, Unknown
from graphchat.content.pictures import MAX_FILE, make_image
from graphchat.core.frame import MESSAGE_ID_SIZE, Kind
from graphchat.core.handshake import Phase
from graphchat.errors import ContentError, NotFoundError, RemoteProtocolError, StateError
from graphchat.ids import MessageId
from graphchat.store import Cursor, Database
from graphchat.store.words import Query

# Seconds that `send` waits for a relay before it leaves the message to the queue.
SEND_TIMEOUT: Final = 10.0
MAX_PAGE: Final = 1_000

Sendable = str | Path | Message


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a conversation, as the history keeps it."""

    id: MessageId
    outgoing: bool
    message: Message
    sent_at: datetime
    state: str
    """``received`` for theirs; ``queued``, ``sent`` or ``delivered`` for ours."""
    position: int
    """Where it stands in the history; pass it as ``before`` for the page before it."""


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
    def trust(self) -> int:
        """How sure it is who that is: 0 by an address, 2 by an invitation.

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

    @property
    def post_quantum(self) -> bool:
        """Whether every lane has ML-KEM from the other side, against later quantum computers.

        False until something came by each of them.
        """
        lanes = [lane for lane in self._live.connection.lanes.values() if lane.started]
        return bool(lanes) and all(lane.post_quantum for lane in lanes)

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
        if not query.strip():
            found = await database.read(partial(_history, self._id, before, most))
            return [_line(row) for row in reversed(found)]
        search = Search(database, Scope(connection=self._id), Query.of(query))
        positions = await search.positions(before, most)
        return [line for _, line in await lines_at(database, positions)]

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
        live, context = await self._engine.live(self._id), self._engine.context
        if live.failed:
            raise StateError(live.failed)
        if live.connection.phase is Phase.INVITED or not live.connection.lanes:
            raise StateError(
                "Nobody has used this invitation yet, or the request is not accepted."
            )
        said = await context.database.read(partial(_said, live.id, message_id))
        if said is not None:
            return self._receipt(live, Progress(message_id, *said))
        payload = content.encode(message)
        stored = live.connection.say(kind_of_frame(message), message_id, payload)
        now = context.clock.now()
        spoken = Spoken(
            live.id,
            message_id,
            outgoing=True,
            kind=kind_of_message(message),
            text=text_of(message),
            data=payload,
            sent_at=now,
            received_at=now,
            state="queued",
        )
        turn.unit.write(rows.message(spoken))
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


def decode(payload: bytes) -> Message:
    """Return a stored message; what cannot be read is shown as unknown, not dropped."""
    try:
        return content.decode(payload)
    except RemoteProtocolError:
        return Unknown("damaged", payload)


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
    return (row[0], row[1]) if row else None


_Stored = tuple[int, bytes, bool, bytes, float, str]


_COLUMNS: Final = "id, msg_id, outgoing, data, sent_at, state"


def _history(connection: int, before: int | None, limit: int, cursor: Cursor) -> list[_Stored]:
    return cursor.execute(
        f"SELECT {_COLUMNS} FROM client_message"  # noqa: S608 - names of columns
        " WHERE connection_id = ? AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
        (connection, before, before, limit),
    ).fetchall()


async def lines_at(database: Database, positions: Sequence[int]) -> Sequence[tuple[int, Line]]:
    """Return the lines at ``positions``, oldest first, each with the row of its contact."""
    found = await database.read(partial(_at, positions))
    return [(row[0], _line(row[1:])) for row in found]


def _at(positions: Sequence[int], cursor: Cursor) -> list[tuple[int, *_Stored]]:
    marks = ", ".join("?" * len(positions))
    return cursor.execute(
        f"SELECT connection_id, {_COLUMNS} FROM client_message"  # noqa: S608 - question marks
        f" WHERE id IN ({marks}) ORDER BY id",
        positions,
    ).fetchall()


def _line(row: _Stored) -> Line:
    position, message_id, outgoing, data, sent_at, state = row
    return Line(
        MessageId(message_id),
        bool(outgoing),
        decode(data),
        datetime.fromtimestamp(sent_at, UTC),
        state,
        position,
    )

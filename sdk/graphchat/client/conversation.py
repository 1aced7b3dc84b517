"""What was said with a contact: pages of it, words in it, single messages.

Base of `Contact`, which says more about who is at the other end.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from re import fullmatch
from typing import Final, TypeVar

from graphchat.client import amending, history, indicators
from graphchat.client.engine import Engine
from graphchat.client.history import Line, Window
from graphchat.client.live import Live
from graphchat.client.search import Scope, Search
from graphchat.core.connection import Connection
from graphchat.errors import NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.store import Cursor
from graphchat.store.words import Query

MAX_PAGE: Final = 1_000
# Lines in memory while all of a conversation is read: each may be a picture.
SMALL_PAGE: Final = 50

T = TypeVar("T")


class Conversation:
    """A handle to one connection: two of one are equal, and both follow what happens."""

    def __init__(self, engine: Engine, live: Live) -> None:
        self._engine: Final = engine
        self._id: Final = live.id
        self._last: Live = live

    @property
    def _live(self) -> Live:
        self._last = self._engine.context.lives.get(self._id, self._last)
        return self._last

    @property
    def connection(self) -> Connection:
        """The machine underneath."""
        return self._live.connection

    @property
    def row_id(self) -> int:
        return self._id

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

    async def unread(self) -> int:
        """Return how many messages of theirs nobody has seen."""
        return await self._read(partial(indicators.unread, self._id))

    async def _read(self, work: Callable[[Cursor], T]) -> T:
        return await self._engine.context.database.read(work)

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

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Conversation)
            and other._engine is self._engine
            and other._id == self._id
        )

    def __hash__(self) -> int:
        return hash((Conversation, self._id))

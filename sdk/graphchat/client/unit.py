"""One unit of work: what several jobs of the engine change, written in one transaction.

Rule: rows first, in one commit; then what may be seen from outside, in order.
"""

from collections.abc import Callable, Iterable

from graphchat.client import rows
from graphchat.client.live import Live
from graphchat.client.rows import Row
from graphchat.store import Cursor, Database

Step = Callable[[Cursor], object]
"""Something to do within the commit, in the thread of the database: it touches nothing else."""


class Unit:
    """Collects rows and what to do once they are on disk."""

    def __init__(self) -> None:
        self._rows: list[Row | Step] = []
        self._after: list[Callable[[], None]] = []
        self._failure: list[Callable[[], None]] = []
        self._touched: dict[int, tuple[Live, set[int]]] = {}
        self._stirred: dict[int, Live] = {}
        self._forgotten: list[Live] = []

    @property
    def stirred(self) -> list[Live]:
        """Connections that may have something to send now."""
        return list(self._stirred.values())

    @property
    def involved(self) -> list[Live]:
        """Connections whose machines the database does not follow if the commit fails."""
        return [*self._stirred.values(), *self._forgotten]

    @property
    def actions(self) -> list[Callable[[], None]]:
        """What was put off until everything is on disk, in order."""
        return list(self._after)

    def touch(self, live: Live, *lanes: int) -> None:
        """Have the machine of ``live`` written, and those of the given lanes."""
        self.stir(live)
        self._touched.setdefault(live.id, (live, set()))[1].update(lanes)

    def stir(self, live: Live) -> None:
        """Look whether ``live`` has something to send; its machine did not change."""
        self._stirred[live.id] = live

    def forget(self, live: Live) -> None:
        """Write nothing more of ``live``: it is removed."""
        self._touched.pop(live.id, None)
        self._stirred.pop(live.id, None)
        self._forgotten.append(live)

    def write(self, *found: Row) -> None:
        self._rows.extend(found)

    def run(self, step: Step) -> None:
        """Have ``step`` done between the rows before and after: it may read what those wrote."""
        self._rows.append(step)

    def after(self, action: Callable[[], None]) -> None:
        """Do ``action`` once everything is committed, never if that fails."""
        self._after.append(action)

    def on_failure(self, action: Callable[[], None]) -> None:
        """Do ``action`` if the commit fails."""
        self._failure.append(action)

    def fail(self) -> None:
        """Undo, last first, what was changed outside of the machines."""
        for action in reversed(self._failure):
            action()

    async def commit(self, database: Database) -> None:
        """Write everything. Raises `StoreError`."""
        written = [*self._rows, *self._machines()]
        if written:
            await database.write(lambda cursor: _execute(cursor, written))

    def _machines(self) -> Iterable[Row]:
        for live, lanes in self._touched.values():
            yield rows.connection(live)
            for number, lane in live.connection.lanes.items():
                if number in lanes:
                    yield rows.lane(live.id, lane.snapshot())


def _execute(cursor: Cursor, written: list[Row | Step]) -> None:
    for found in written:
        if isinstance(found, Row):
            cursor.execute(found.sql, found.arguments)
        else:
            found(cursor)

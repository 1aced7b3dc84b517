"""The introductions of a client that are not over: in memory, and in rows."""

from functools import partial
from itertools import count
from typing import Final

from graphchat.client import rows
from graphchat.client.rows import Row
from graphchat.client.unit import Unit
from graphchat.core import record
from graphchat.core.introduction import Meeting, Stored
from graphchat.errors import StateError
from graphchat.store import Cursor

KEY: Final = "introduction "
"""How the key of a row begins; then comes the number."""
GONE: Final = "This introduction is over. Ask to be introduced again."


class Introductions:
    """All introductions of a client that are not over, by number."""

    def __init__(self) -> None:
        self.known: dict[int, Stored] = {}
        self.numbers = count(1)

    def load(self, cursor: Cursor) -> None:
        """Take up what the database says."""
        found = cursor.execute(
            "SELECT key, value FROM client_setting WHERE key GLOB ?", (f"{KEY}*",)
        ).fetchall()
        self.known = {
            int(key.removeprefix(KEY)): record.load_any(value, Stored) for key, value in found
        }
        self.numbers = count(1 + max(self.known, default=0))

    def meetings(self, profile: int) -> list[tuple[int, Meeting]]:
        """Return introductions that wait for our answer, oldest first."""
        return [
            (number, found)
            for number, found in sorted(self.known.items())
            if isinstance(found, Meeting) and found.profile == profile and found.key is None
        ]

    def meeting(self, number: int) -> Meeting:
        """Return one. Raises `StateError` if it is over."""
        found = self.known.get(number)
        if not isinstance(found, Meeting):
            raise StateError(GONE)
        return found

    def change(self, unit: Unit, number: int, now: Stored | None) -> None:
        """Store one as it is now; None: it is over."""
        before = self.known.pop(number, None)
        unit.on_failure(partial(self._restore, number, before))
        if now is None:
            unit.write(Row("DELETE FROM client_setting WHERE key = ?", (f"{KEY}{number}",)))
        else:
            self.known[number] = now
            unit.write(rows.setting(f"{KEY}{number}", record.dump(now)))

    def _restore(self, number: int, before: Stored | None) -> None:
        self.known.pop(number, None)
        if before is not None:
            self.known[number] = before

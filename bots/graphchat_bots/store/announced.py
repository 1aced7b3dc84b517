"""Which list of commands each contact was told last."""

from collections.abc import Sequence
from typing import Final

from graphchat.store import Database
from graphchat_bots.store.outcome import StateRow

ANNOUNCED: Final = "commands announced"
"""The name of the state of a chat that says it; no struct can have it."""


class Announced:
    """Hashes of lists by chats, in memory too: every message asks for them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hashes: dict[str, bytes] = {}

    async def load(self) -> None:
        """Learn what an earlier run has told."""
        sql = "SELECT chat, body FROM bot_state WHERE sender = '' AND name = ?"
        found = await self._database.read(
            lambda cursor: cursor.execute(sql, (ANNOUNCED,)).fetchall()
        )
        self.apply([StateRow(chat, "", ANNOUNCED, body) for chat, body in found])

    def to(self, chat: str) -> bytes:
        """Return the hash of what was told there last; empty if nothing was."""
        return self._hashes.get(chat, b"")

    def apply(self, states: Sequence[StateRow]) -> None:
        """Note what was told: it is on disk."""
        self._hashes.update({row.chat: row.body for row in states if row.name == ANNOUNCED})

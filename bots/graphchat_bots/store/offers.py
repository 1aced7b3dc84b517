"""What was offered in a chat: to choose from, which somebody may have answered, or to fill in."""

from typing import Final

import msgspec

from graphchat.content import Form, Option
from graphchat.store import Cursor, Database
from graphchat_bots.turn import Offer

# In a chat: buttons of older ones say nothing any more.
MAX_OFFERS: Final = 20


class Offers:
    """Offers of all chats. Chats without one cost nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chats: set[str] = set()

    async def load(self) -> None:
        """Learn in which chats something was offered."""
        sql = "SELECT DISTINCT chat FROM bot_offer"
        found = await self._database.read(lambda cursor: cursor.execute(sql).fetchall())
        self._chats = {chat for (chat,) in found}

    def made_in(self, chat: str) -> None:
        """Note that something was offered in ``chat``."""
        self._chats.add(chat)

    async def open(self, chat: str) -> Offer | None:
        """Return what was offered last, if nobody has answered it yet."""
        found = await self._find(chat, "1 ORDER BY id DESC LIMIT 1", b"")
        return found if found and found.is_open else None

    async def of(self, chat: str, message_id: bytes) -> Offer | None:
        """Return what a message has offered, also if it was answered."""
        return await self._find(chat, "message_id = ?", message_id)

    async def _find(self, chat: str, which: str, message_id: bytes) -> Offer | None:
        if chat not in self._chats:
            return None
        sql = f"SELECT message_id, options, is_open FROM bot_offer WHERE chat = ? AND {which}"  # noqa: S608 - one of two
        parameters = (chat, message_id) if message_id else (chat,)
        row = await self._database.read(lambda cursor: cursor.execute(sql, parameters).fetchone())
        if row is None:
            return None
        asked = msgspec.msgpack.decode(row[1], type=tuple[Option, ...] | Form)
        if isinstance(asked, Form):
            return Offer(chat, row[0], (), is_open=bool(row[2]), form=asked)
        return Offer(chat, row[0], asked, is_open=bool(row[2]))


def write_offers(cursor: Cursor, offers: tuple[Offer, ...]) -> None:
    """Write what was offered, or answered."""
    for offer in offers:
        body = msgspec.msgpack.encode(offer.form or offer.options)
        cursor.execute(
            "INSERT INTO bot_offer (chat, message_id, options, is_open) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (message_id) DO UPDATE SET is_open = excluded.is_open",
            (offer.chat, offer.message_id, body, offer.is_open),
        )
        cursor.execute(
            "DELETE FROM bot_offer WHERE chat = ? AND id NOT IN"
            " (SELECT id FROM bot_offer WHERE chat = ? ORDER BY id DESC LIMIT ?)",
            (offer.chat, offer.chat, MAX_OFFERS),
        )

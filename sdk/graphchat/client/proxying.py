"""The proxy of a home, as its database has it."""

from typing import Final

from graphchat.store import Cursor

SETTING: Final = "proxy"


def stored(cursor: Cursor) -> str | None:
    row = cursor.execute("SELECT value FROM client_setting WHERE key = ?", (SETTING,)).fetchone()
    return row[0].decode() if row else None


def store(url: str | None, cursor: Cursor) -> None:
    cursor.execute("DELETE FROM client_setting WHERE key = ?", (SETTING,))
    if url is not None:
        cursor.execute(
            "INSERT INTO client_setting (key, value) VALUES (?, ?)", (SETTING, url.encode())
        )

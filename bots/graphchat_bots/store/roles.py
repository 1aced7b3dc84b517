"""Who has a role with the bot, and which invitations are used up."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from graphchat.store import Cursor
from graphchat_bots.roles import Holder, Role, RoleChange

# Longer than any invitation is good for.
USED_FOR: Final = timedelta(days=7).total_seconds()


def change_roles(cursor: Cursor, changes: Sequence[RoleChange]) -> None:
    """Grant and take back. An invitation that is used up changes nothing a second time."""
    for change in changes:
        if change.grant:
            cursor.execute(
                "INSERT OR IGNORE INTO bot_grant (id, at) VALUES (?, ?)", (change.grant, change.at)
            )
            if cursor.rowcount == 0:
                continue
        cursor.execute("DELETE FROM bot_role WHERE sender = ?", (change.sender,))
        if change.role is not Role.MEMBER:
            cursor.execute(
                "INSERT INTO bot_role (sender, name, role, at) VALUES (?, ?, ?, ?)",
                (change.sender, change.name, change.role.name, change.at),
            )


def holders(cursor: Cursor) -> list[Holder]:
    """Return everybody who has a role, the first first."""
    found = cursor.execute("SELECT id, sender, name, role, at FROM bot_role ORDER BY id")
    return [
        Holder(number, sender, name, Role[role], at)
        for number, sender, name, role, at in found.fetchall()
    ]


def is_used(cursor: Cursor, grant: str) -> bool:
    """Say whether an invitation was redeemed."""
    found = cursor.execute("SELECT 1 FROM bot_grant WHERE id = ?", (grant,)).fetchone()
    return found is not None


def forget_used(cursor: Cursor, now: float) -> None:
    """Drop invitations that have expired long ago."""
    cursor.execute("DELETE FROM bot_grant WHERE at < ?", (now - USED_FOR,))

"""What keeps a flood of requests at an address from filling the home: few of them wait at once."""

from typing import TYPE_CHECKING, Final

from graphchat.client import rows
from graphchat.store import Cursor

if TYPE_CHECKING:
    from graphchat.client.unit import Unit

# Requests that wait for an answer of one profile: more than anybody reads.
MOST: Final = 256


def waiting(profile: int, cursor: Cursor) -> int:
    """Return how many requests wait for an answer."""
    row = cursor.execute(
        "SELECT count(*) FROM client_connection WHERE profile_id = ? AND state = 'request'",
        (profile,),
    ).fetchone()
    return row[0] if row else 0


def dropped(profile: int, cursor: Cursor) -> int:
    """Return how many requests were dropped."""
    row = cursor.execute(
        "SELECT value FROM client_setting WHERE key = ?", (_name(profile),)
    ).fetchone()
    return int.from_bytes(row[0]) if row else 0


def drop(profile: int, before: int, unit: "Unit") -> None:
    """Count one more."""
    unit.write(rows.setting(_name(profile), (before + 1).to_bytes(8)))


def _name(profile: int) -> str:
    return f"dropped requests {profile}"

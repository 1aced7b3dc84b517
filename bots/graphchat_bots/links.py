"""The link by which people reach a bot, as its client has stored it."""

from graphchat.client.address_state import AddressState
from graphchat.core import record
from graphchat.store import Cursor

# An address of a group is not that of the bot.
_ADDRESSES = (
    "SELECT a.code, a.machine FROM client_address a"
    " LEFT JOIN client_group g ON g.address = a.id WHERE g.id IS NULL ORDER BY a.id"
)


def current_link(cursor: Cursor) -> str | None:
    """Return the link of the address in the client's database; None if none was made yet."""
    for code, machine in cursor.execute(_ADDRESSES).fetchall():
        # One that was replaced still takes requests for a while.
        if not record.load(machine, AddressState).ends_at:
            return str(code)
    return None

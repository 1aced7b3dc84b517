"""By how many lanes a frame leaves: all of them at once, or one, and others when it takes long.

docs/protocol.md, section 15.
"""

from typing import TYPE_CHECKING, Final, Literal, get_args

import msgspec

from graphchat.content.lanes import MAX_LANES
from graphchat.core import record
from graphchat.errors import ContentError
from graphchat.store import Cursor

if TYPE_CHECKING:
    from graphchat.client.context import Context
    from graphchat.client.live import Live

Name = Literal["auto", "all", "hedge"]
NAMES: Final[tuple[Name, ...]] = get_args(Name)
SETTING: Final = "policy"
# Lanes from which on `auto` hedges, and contacts of a client beyond which it does.
MANY_LANES: Final = 3
MANY_CONTACTS: Final = 1_000


class Policy(msgspec.Struct, frozen=True):
    """What a client does where nothing else was chosen for a contact."""

    name: Name = "auto"
    lanes: int = 2
    """Of a new connection, where the home has so many relays."""

    def check(self) -> None:
        """Raise `ContentError` for what is no policy."""
        named(self.name)
        if not 1 <= self.lanes <= MAX_LANES:
            raise ContentError(f"A connection has 1 to {MAX_LANES} lanes.")


def named(name: str) -> Name:
    """Return the policy with this name. Raises `ContentError`."""
    for known in NAMES:
        if name == known:
            return known
    raise ContentError(f"A policy is one of: {', '.join(NAMES)}.")


def load(cursor: Cursor) -> Policy:
    """Return what was chosen for the client."""
    row = cursor.execute("SELECT value FROM client_setting WHERE key = ?", (SETTING,)).fetchone()
    return Policy() if row is None else record.load(row[0], Policy)


def hedges(context: "Context", live: "Live") -> bool:
    """Tell whether a frame leaves by one lane, and by others only when it takes long."""
    name = live.connection.state.policy or context.policy.name
    if name != "auto":
        return name == "hedge"
    active = sum(lane.can_send for lane in live.connection.lanes.values())
    return active >= MANY_LANES or (active > 1 and len(context.cids) > MANY_CONTACTS)

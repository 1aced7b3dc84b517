"""How each relay does, as this client sees it: does it answer, does it keep its word."""

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from graphchat.client import rows
from graphchat.clock import Clock
from graphchat.content.lanes import Reason
from graphchat.core import record
from graphchat.store import Cursor
from graphchat.wire.uri import RelayAddress

if TYPE_CHECKING:
    from graphchat.client.unit import Unit

SETTING: Final = "health"
# Relays that are remembered; those of contacts come and go.
MOST: Final = 500


class RelayHealth(msgspec.Struct):
    """What this client knows of one relay. Times are seconds since 1970; 0 is never."""

    base: str
    up: bool | None = None
    """Whether a socket to it is connected; None if there was none since the client was opened."""
    since: float = 0.0
    """Since when it is up, or down."""
    dropped: int = 0
    """How often it said OK to messages that never came."""
    reported: int = 0
    """How often contacts said that of it, or that it does not answer; it is one of ours then."""
    away: int = 0
    """How often a lane was replaced because it did not answer."""
    blamed_at: float = 0.0
    """When one of the three was counted last."""


class _Book(msgspec.Struct):
    """What is stored: by fingerprint, those that were met last at the end."""

    relays: dict[bytes, RelayHealth] = msgspec.field(default_factory=dict[bytes, RelayHealth])


class Health:
    """All relays, ours and those of contacts, by fingerprint."""

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._book = _Book()

    def load(self, cursor: Cursor) -> None:
        """Take up what the database says; whether relays are up is found anew."""
        row = cursor.execute(
            "SELECT value FROM client_setting WHERE key = ?", (SETTING,)
        ).fetchone()
        if row is not None:
            self._book = record.load(row[0], _Book)
        for health in self._book.relays.values():
            health.up, health.since = None, 0.0

    def of(self, relay: RelayAddress) -> RelayHealth:
        """Return what is known of a relay."""
        return self._of(relay.fingerprint, relay.base)

    def demerits(self, relay: RelayAddress) -> int:
        """Return how bad a relay is for a new lane; 0 is best."""
        health = self._book.relays.get(relay.fingerprint)
        if health is None:
            return 0
        return 10 * (health.dropped + health.reported + health.away) + (health.up is False)

    def down_since(self, relay: RelayAddress) -> float:
        """Return since when a relay does not answer; 0 if it does, or nobody tried."""
        health = self._book.relays.get(relay.fingerprint)
        return health.since if health is not None and health.up is False else 0.0

    def heard(self, relay: RelayAddress, *, up: bool) -> None:
        """Note that a socket was connected, or could not be or stay so."""
        health = self.of(relay)
        if health.up is not up:
            health.up, health.since = up, self._clock.now()

    def blame(self, unit: "Unit", relay: bytes, base: str, why: Reason, *, ours: bool) -> None:
        """Count a fault, and keep it in the database."""
        health = self._of(relay, base)
        field = "reported" if ours else "dropped" if why == "drops" else "away"
        setattr(health, field, getattr(health, field) + 1)
        unit.on_failure(partial(setattr, health, field, getattr(health, field) - 1))
        health.blamed_at = self._clock.now()
        unit.write(rows.setting(SETTING, record.dump(self._book)))

    def _of(self, fingerprint: bytes, base: str) -> RelayHealth:
        relays = self._book.relays
        health = relays.setdefault(bytes(fingerprint), RelayHealth(base))
        health.base = base
        while len(relays) > MOST:
            del relays[next(iter(relays))]
        return health

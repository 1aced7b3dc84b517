"""Who asks whom for a chat off the record: in memory, beside the connections, never in a row."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from graphchat.client import reach
from graphchat.client.live import Live
from graphchat.content import OffRecord, OtrAsk
from graphchat.core.frame import Frame, Kind
from graphchat.core.handshake import Phase
from graphchat.core.offrecord import Negotiation, Parent
from graphchat.errors import RemoteProtocolError, StateError
from graphchat.ids import ConnectionId

if TYPE_CHECKING:
    from graphchat.client.apply import Applier
    from graphchat.client.context import Context
    from graphchat.client.offrecord.session import OffTheRecord

# Seconds after which an ask that waited at a relay is no longer meant; clocks differ, too.
STALE: Final = 600.0
TOO_EARLY: Final = "You are not connected yet. Wait until both can talk, then try again."
THEIRS: Final = "They have ended it."
NO_KEY: Final = (
    "This contact is from an older version, and has no key for chats off the record. Give it new"
    " keys: graphchat rekey CONTACT"
)


@dataclass(slots=True)
class Desk:
    """What is asked and agreed on, by connection; gone with the process."""

    talks: dict[int, Negotiation] = field(default_factory=dict[int, Negotiation])
    sessions: "dict[int, OffTheRecord]" = field(default_factory=dict)
    """The chats that go on."""
    wanted: Callable[[Live], None] | None = None
    """Called when a repeated ask wants our answer once more."""

    def of(self, context: "Context", live: Live) -> Negotiation:
        """Return the machine of a connection. Raises `StateError` if it cannot have one."""
        if (known := self.talks.get(live.id)) is not None:
            return known
        shake = live.connection.state.handshake
        if shake.phase is not Phase.ESTABLISHED:
            raise StateError(TOO_EARLY)
        if shake.otr is None:
            raise StateError(NO_KEY)
        parent = Parent(shake.otr, ConnectionId(shake.cid), shake.role)
        made = self.talks[live.id] = Negotiation(parent, context.clock)
        return made

    async def close(self) -> None:
        """End all chats: the client is about to be closed."""
        await asyncio.gather(*(session.end() for session in [*self.sessions.values()]))


async def heard(turn: "Applier", live: Live, frame: Frame, message: OffRecord) -> None:
    """Take what the other side says, if nobody has signed it."""
    context = turn.context
    if frame.kind is not Kind.OFF_RECORD:
        raise RemoteProtocolError("a chat off the record is begun by a frame in the stream")
    try:
        talks = context.desk.of(context, live)
    except StateError:
        raise RemoteProtocolError("a chat off the record is begun too early") from None
    if isinstance(message, OtrAsk):
        if frame.ts_ms / 1000 < context.clock.now() - STALE:
            return
        agreed = talks.state.agreed
        if agreed is not None and agreed.id == message.id and context.desk.wanted is not None:
            turn.unit.after(partial(context.desk.wanted, live))
    before = talks.state.agreed
    if talks.heard(message, partial(reach.may_reach, own=context.relays)):
        turn.unit.after(partial(_tell, context, live, before is not None))


def _tell(context: "Context", live: Live, before: bool) -> None:  # noqa: FBT001 - of a partial
    """Wake whoever waits, and tell the application what it has to know."""
    desk, talks = context.desk, context.desk.talks[live.id]
    context.pulses[live.id].beat()
    if before and talks.state.agreed is None and live.id in desk.sessions:
        desk.sessions[live.id].over(THEIRS)
    if talks.state.theirs is not None and talks.state.own is None:
        context.passing.add(live.profile, live.id)
        context.news[live.profile].beat()

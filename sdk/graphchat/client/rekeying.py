"""Codes for connections that are there already: made by one side, used by the other.

The machine is `graphchat.core.rekey`; docs/protocol.md, section 12.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from PIL import Image as Pillow

from graphchat.client import codes, lanes
from graphchat.client.apply import Applier
from graphchat.client.context import Context
from graphchat.client.engine import Engine
from graphchat.client.live import Live
from graphchat.client.queues import make_lanes
from graphchat.codes import Code, qr
from graphchat.core.effects import Effect
from graphchat.core.handshake import Phase
from graphchat.core.lane import LaneState
from graphchat.core.rekey import KNOWN, rekey_id
from graphchat.errors import StateError
from graphchat.ids import ConnectionId
from graphchat.store import Cursor

# Lanes of a code, where the home has so many relays.
LANES: Final = 2


class RekeyCode:
    """A one-time code for a contact that is there already.

    Hand it over in person: only that contact can use it, but whoever sees it takes away what it
    is for. Another one makes it worthless.
    """

    def __init__(self, link: str, used: Callable[[], Awaitable[None]]) -> None:
        self.link: Final = link
        self._used: Final = used

    def qr(self) -> Pillow.Image:
        """Return the QR code as a picture, black on white."""
        return qr.write(self.link)

    def qr_text(self, width: int = 80) -> str:
        """Return the QR code for a terminal of ``width`` columns. Raises `CodeError`."""
        return qr.terminal(self.link, width)

    async def used(self) -> None:
        """Return once the contact has used the code and the new keys work."""
        await self._used()

    def __repr__(self) -> str:
        return "<RekeyCode>"


async def make(engine: Engine, row_id: int) -> str:
    """Return the text of a code that gives a contact new keys. Raises as `OwnProfile.invite`."""
    context = engine.context
    live = await engine.live(row_id)
    _check(live)
    fresh = await _queues(context, live, LANES, distinct=True)
    code, shake = codes.rekey(fresh, live.connection.state.handshake, context.clock)

    async def keep(turn: Applier) -> None:
        now = await engine.live(live.id)
        await _put_in(engine, turn, now, now.connection.rekey.offer(shake, fresh), fresh)

    await engine.do(keep)
    return code.text


async def use(engine: Engine, profile: int, code: Code) -> Live:
    """Use a code of a contact. Raises `StateError` for one that belongs to nobody here."""
    context = engine.context
    live = await _owner(engine, profile, code)
    _check(live)
    if live.connection.rekey.knows(code.hash):
        raise StateError(KNOWN)
    fresh = await _queues(context, live, len(code.lanes), distinct=False)
    shake, offers = codes.use_rekey(code, live.connection.state.handshake, context.clock)

    async def ask(turn: Applier) -> None:
        now = await engine.live(live.id)
        await _put_in(engine, turn, now, now.connection.rekey.use(shake, fresh, offers), fresh)

    await engine.do(ask)
    return live


async def _put_in(
    engine: Engine, turn: Applier, live: Live, effects: list[Effect], fresh: Sequence[LaneState]
) -> None:
    """Store queues of a code, and receive from them."""
    turn.unit.touch(live)
    for lane in fresh:
        lanes.keep(turn, live, lane)
    turn.unit.after(partial(engine.receiver.subscribe, live.profile, list(fresh)))
    await turn.apply(live, effects)


async def _queues(context: Context, live: Live, wanted: int, *, distinct: bool) -> list[LaneState]:
    transport = context.transport.of(live.profile)
    relays = lanes.choose(context, live, ())
    return await make_lanes(transport, relays, wanted, context.clock, distinct=distinct)


async def _owner(engine: Engine, profile: int, code: Code) -> Live:
    """Return the connection that a code is for."""
    read = partial(_connections, profile)
    for row_id, cid in await engine.context.database.read(read):
        if rekey_id(ConnectionId(cid), code.agreement_key) == code.id:
            return await engine.live(row_id)
    raise StateError(
        "This code gives new keys to a contact that is not here. To become contacts, ask for an"
        " invitation."
    )


def _check(live: Live) -> None:
    if live.connection.phase is not Phase.ESTABLISHED:
        raise StateError("You are not connected yet. Wait until both can talk, then try again.")


def _connections(profile: int, cursor: Cursor) -> list[tuple[int, bytes]]:
    return cursor.execute(
        "SELECT id, cid FROM client_connection WHERE profile_id = ? ORDER BY id", (profile,)
    ).fetchall()

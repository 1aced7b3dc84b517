"""Profiles that change: telling contacts of ours, and taking theirs."""

from functools import partial
from typing import TYPE_CHECKING

from graphchat.client.apply import Applier
from graphchat.client.live import OWN, Live
from graphchat.client.rows import Row
from graphchat.client.stored import ProfileRecord
from graphchat.content import ProfileCard, ProfileUpdate
from graphchat.core import record
from graphchat.core.frame import Frame
from graphchat.core.handshake import Phase
from graphchat.store import Cursor

if TYPE_CHECKING:
    from graphchat.client.engine import Engine


async def change(engine: "Engine", profile: int, card: ProfileCard) -> None:
    """Show another card, from now on, to everybody; all of them are told, or nobody is."""
    connections = await engine.context.database.read(partial(_connections, profile))

    async def tell(turn: Applier) -> None:
        context = turn.context
        turn.unit.on_failure(partial(context.cards.__setitem__, profile, context.cards[profile]))
        context.cards[profile] = card
        turn.unit.write(
            Row(
                "UPDATE client_profile SET name = ?, card = ? WHERE id = ?",
                (card.name, record.dump(card), profile),
            )
        )
        for row_id in connections:
            await _tell(turn, await engine.live(row_id), card)
        await turn.context.devices.profile_changed(turn, profile)

    await engine.do(tell)


async def _tell(turn: Applier, live: Live, card: ProfileCard) -> None:
    shake = live.connection.state.handshake
    if live.failed or shake.profile == card or live.kind == OWN:
        return
    turn.unit.touch(live)
    shake.profile = card  # what an answer or a welcome that is still to come will say
    if shake.phase is not Phase.INVITED and live.connection.lanes:
        await turn.context.devices.say_by(turn, live, ProfileUpdate(card))


async def heard(turn: Applier, live: Live, frame: Frame, message: ProfileUpdate) -> None:
    """Take the new card of a contact; its name here stays if a person chose it."""
    shake, card = live.connection.state.handshake, message.profile
    before = shake.peer_profile
    if before == card:
        return
    turn.unit.touch(live)
    shake.peer_profile, live.kind = card, card.kind
    if not live.renamed and (before is None or before.name != card.name):
        turn.context.take_name(turn.unit, live, card.name)
    turn.context.tell(turn.unit, live.profile, ProfileRecord(live.id, before, card))
    await turn.context.devices.changed(turn, live)


def _connections(profile: int, cursor: Cursor) -> list[int]:
    found = cursor.execute(
        "SELECT id FROM client_connection WHERE profile_id = ? AND state != 'failed'", (profile,)
    )
    return [row[0] for row in found]

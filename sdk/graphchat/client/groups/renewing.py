"""A group out of a backup: other connections, and no number of a post twice.

Since the backup this device may have posted. A member learns from a host where its posts end;
a host, whom nobody can tell, leaves out more numbers than it has used. docs/protocol.md,
section 19.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from graphchat.client.groups import rows
from graphchat.errors import NotFoundError

if TYPE_CHECKING:
    from graphchat.client.apply import Applier
    from graphchat.client.groups.live import LiveGroup
    from graphchat.client.groups.registry import Groups
    from graphchat.content.group import Position

USED: Final = 1_000
"""Posts that a host may have written since the backup."""
WAIT: Final = (
    "Your home was restored from a backup, and you may have posted in {name} since. Wait until a"
    " host of it has answered: graphchat receive. Then post again."
)


async def begin(groups: "Groups", row_id: int, turn: "Applier") -> None:
    """End the connections that can never send again; those to hosts are made anew."""
    with suppress(NotFoundError):
        group = await groups.get(row_id)
        if not group.record.restored:
            return
        for peer in list(group.peers.values()):
            if peer.kind != "member":
                await groups.drop_peer(turn, group, peer)
        if group.is_host:
            chain = group.chains.of(group.me)
            chain.seq, chain.recent = chain.seq + USED, []
            _go_on(groups, turn, group)
        turn.unit.after(groups.wake)


def goes_on(
    groups: "Groups", turn: "Applier", group: "LiveGroup", positions: Sequence["Position"]
) -> None:
    """Go on behind what a host has of us."""
    if not group.record.restored:
        return
    chain = group.chains.of(group.me)
    for position in positions:
        if position.author == group.me and position.seq > chain.seq:
            chain.seq, chain.head, chain.recent = position.seq, position.head, []
    _go_on(groups, turn, group)


def _go_on(groups: "Groups", turn: "Applier", group: "LiveGroup") -> None:
    group.record.restored = False
    turn.unit.write(rows.chain(group.id, group.me, group.chains.of(group.me)))
    groups.save(turn, group)

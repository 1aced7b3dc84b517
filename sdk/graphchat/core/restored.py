"""A connection out of a backup: nothing that may have been used since is used again.

Between the backup and now the same keys may have sealed other frames, and the same numbers may
name other messages. So its lanes never seal again, our stream ends and another begins, and
theirs go on where the next frame stands.
"""

from collections.abc import Iterable
from typing import Final

from graphchat.clock import Clock
from graphchat.core import frame as frames
from graphchat.core.connection import ConnectionState
from graphchat.core.lane import LaneState
from graphchat.core.outbox import Outbox
from graphchat.core.receipts import Nudge
from graphchat.core.rotation import RotationState
from graphchat.core.succession import OwnKeys
from graphchat.ids import ConnectionId

USED: Final = 1_000
"""Numbers of lanes that may have been given since: ten years, at two a week."""


def renew(state: ConnectionState, lanes: Iterable[LaneState], clock: Clock) -> None:
    """Change what is stored of a connection; frames and envelopes of ours have to go, too."""
    for lane in lanes:
        lane.stale = bool(lane.ratchet)
        # These are numbers of our stream.
        lane.sealed = lane.first = lane.acked = lane.hold = 0
    cid = ConnectionId(state.handshake.cid)
    state.outbox = Outbox.start(cid, clock.random(frames.STREAM_SIZE))
    state.nudge = Nudge()
    state.unreceipted.clear()
    # Lanes that were wanted then are known to the other side, or not; so are their numbers.
    state.rotation = RotationState(added=state.rotation.added + USED)
    # The first key signs a new stream: later ones belong to the one that has ended.
    state.keys = OwnKeys(since=clock.now())
    for stream in state.streams.values():
        stream.restored = True

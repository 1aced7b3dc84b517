"""Making queues at the relays of this home, spread so that no relay can stop delivery."""

from collections.abc import Sequence

from graphchat.clock import Clock
from graphchat.core.lane import LaneState
from graphchat.crypto.keys import SigningKey
from graphchat.errors import RelayError, RelayUnreachableError, StateError
from graphchat.secret import Secret
from graphchat.transport.ports import Transport
from graphchat.wire.uri import RelayAddress

KEY_SIZE = 32


async def make_lanes(
    transport: Transport,
    relays: Sequence[RelayAddress],
    wanted: int,
    clock: Clock,
    *,
    distinct: bool,
) -> list[LaneState]:
    """Create ``wanted`` queues, on the given relays in turn, and return a lane for each.

    A relay that does not answer is passed over: its turn goes to the next, unless they shall be
    ``distinct``: two lanes over one relay protect nobody. Raises
    `StateError` if there is no relay, `RelayError` if none of them made a queue.
    """
    if not relays:
        raise StateError(
            "There is no relay to receive through. Add one: graphchat servers add URI"
        )
    lanes: list[LaneState] = []
    usable, problem = list(relays), RelayError()
    while usable and len(lanes) < (min(wanted, len(usable)) if distinct else wanted):
        relay = usable[len(lanes) % len(usable)]
        try:
            lanes.append(await _make_lane(transport, relay, len(lanes), clock))
        except RelayError as error:
            usable.remove(relay)
            problem = error
    if not lanes:
        if len(relays) > 1 and isinstance(problem, RelayUnreachableError):
            raise RelayUnreachableError(
                "None of your relays answers. Check the network, then try again."
            ) from problem
        raise problem
    return lanes


async def _make_lane(
    transport: Transport, relay: RelayAddress, number: int, clock: Clock
) -> LaneState:
    key = SigningKey.generate(clock)
    queue = await transport.create(relay, key)
    return LaneState(
        number=number,
        relay=relay.fingerprint,
        base=relay.base,
        recipient_id=queue.recipient,
        sender_id=queue.sender,
        recipient_key=key.seed,
        sender_key=Secret(clock.random(KEY_SIZE)),
        ratchet_key=Secret(clock.random(KEY_SIZE)),
    )

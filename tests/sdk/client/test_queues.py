from collections.abc import AsyncIterator

import pytest
from tests.sdk.client.people import Place

from graphchat.client.queues import make_lanes
from graphchat.clock import SystemClock
from graphchat.errors import RelayUnreachableError, StateError
from graphchat.transport import HttpTransport, Transport
from graphchat.wire.uri import RelayAddress

CLOCK = SystemClock()


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    found = HttpTransport(CLOCK)
    yield found
    await found.close()


async def addresses(place: Place, *names: str) -> list[RelayAddress]:
    return [RelayAddress.parse((await place.relay(name)).uri) for name in names]


async def test_lanes_are_spread_over_relays(place: Place, transport: Transport) -> None:
    relays = await addresses(place, "one", "two")
    lanes = await make_lanes(transport, relays, 5, CLOCK, distinct=False)
    assert [lane.base for lane in lanes] == [relays[number % 2].base for number in range(5)]
    assert [lane.number for lane in lanes] == [0, 1, 2, 3, 4]
    names = {name for lane in lanes for name in (lane.recipient_id, lane.sender_id)}
    assert len(names) == 10
    assert len({lane.recipient_key for lane in lanes}) == 5


async def test_distinct_lanes_use_no_relay_twice(place: Place, transport: Transport) -> None:
    relays = await addresses(place, "one", "two")
    lanes = await make_lanes(transport, relays, 5, CLOCK, distinct=True)
    assert [lane.base for lane in lanes] == [relay.base for relay in relays]


@pytest.mark.parametrize(("distinct", "count"), [(True, 1), (False, 3)])
async def test_a_relay_that_is_away_is_passed_over(
    place: Place, transport: Transport, *, distinct: bool, count: int
) -> None:
    relays = await addresses(place, "away", "there")
    await place.relays["away"].kill()
    lanes = await make_lanes(transport, relays, 3, CLOCK, distinct=distinct)
    assert [lane.base for lane in lanes] == [relays[1].base] * count


async def test_without_a_relay_there_is_an_error(place: Place, transport: Transport) -> None:
    with pytest.raises(StateError, match="no relay"):
        await make_lanes(transport, [], 2, CLOCK, distinct=True)
    relays = await addresses(place, "one", "two")
    for relay in place.relays.values():
        await relay.kill()
    with pytest.raises(RelayUnreachableError, match="None of your relays"):
        await make_lanes(transport, relays, 2, CLOCK, distinct=True)
    with pytest.raises(RelayUnreachableError, match="accepts no connection"):
        await make_lanes(transport, relays[:1], 2, CLOCK, distinct=True)

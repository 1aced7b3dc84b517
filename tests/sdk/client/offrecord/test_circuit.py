"""The queues of a chat: at relays that are new to the contact, by connections of its own."""

from tests.sdk.client.people import Home, Place, introduce

from graphchat.client.offrecord.circuit import FIRST, Circuit


async def test_a_relay_that_was_not_used_before_comes_first(place: Place) -> None:
    alice, bob = await place.pair("one")
    hers, _ = await introduce(alice.me, bob.me)
    second = await place.relay("two")
    await alice.client.add_relay(second.uri)
    context = alice.client.engine.context
    circuit = Circuit.new(context)
    lanes = await circuit.queues(context, await alice.client.engine.live(hers.row_id))
    assert [lane.base in second.uri for lane in lanes] == [True, False]
    await circuit.leave(lanes)


async def test_each_chat_has_connections_of_its_own(alice: Home) -> None:
    context = alice.client.engine.context
    one, other = Circuit.new(context), Circuit.new(context)
    numbers = {one.number, other.number, *context.cards}
    assert len(numbers) == 3
    assert min(one.number, other.number) >= FIRST

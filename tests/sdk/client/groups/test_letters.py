"""Small groups as a mesh: members connect directly, and need no host."""

from tests.sdk.client.groups.crowd import enter, hears, homes, knows
from tests.sdk.client.people import Place, until

from graphchat import Group
from graphchat.core.groups.actions import Change


def directly(group: Group) -> int:
    return len(list(group._live.open("mesh")))


async def test_a_mesh_goes_on_when_all_hosts_are_gone(place: Place) -> None:
    alice, bob, carol = await homes(place, "Alice", "Bob", "Carol")
    hers = await alice.me.create_group("Hikers")
    his, third = await enter(bob.me, hers), await enter(carol.me, hers)
    for group in (hers, his, third):
        await knows(group, "Alice", "Bob", "Carol")
    await hers.change(Change(mesh=True))
    # The host has a connection with each of them already.
    await until(lambda: directly(his) == directly(third) == 1)
    await his.send("with a host")
    assert await hears(alice.me) == await hears(carol.me) == ["Bob: with a host"]
    await alice.close()
    await his.send("without one")
    assert await hears(carol.me) == ["Bob: without one"]
    await third.send("still here")
    assert await hears(bob.me) == ["Carol: still here"]
    await bob.reopen()
    await third.send("and again")
    assert await hears(bob.me) == ["Carol: and again"]

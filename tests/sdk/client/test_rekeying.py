import pytest
from tests.sdk.client.people import Place, introduce, one, texts, until

from graphchat import ContactRekeyed
from graphchat.core.rekey import FIRST_NUMBER
from graphchat.errors import CodeError, StateError


async def test_a_code_gives_new_keys_and_trust_grows_if_both_have_scanned(place: Place) -> None:
    alice, bob = await place.pair("one", "two")
    hers, his = await introduce(alice.me, bob.me)
    code = await his.rekey()  # Bob scanned Alice's code; now she scans his.
    assert code.link.startswith("GRAPHCHAT:REKEY/")
    assert (await alice.me.connect(code.link)) == hers
    await code.used()
    await hers.rekeyed()
    assert (hers.trust, his.trust) == (3, 3)
    assert (await one(alice.me, ContactRekeyed)).trust == 3
    assert (await one(bob.me, ContactRekeyed)).contact == his
    await hers.send("by new keys")
    assert await texts(bob.me, 1) == ["by new keys"]
    lives = alice.client.engine.context.lives
    await until(lambda: min(lives[hers.row_id].connection.lanes) >= FIRST_NUMBER)
    await alice.client.settled()
    await bob.reopen()
    [again] = await bob.me.contacts()
    assert again.trust == 3
    await again.send("after a restart")
    assert await texts(alice.me, 1) == ["after a restart"]


async def test_the_same_side_showing_a_code_again_adds_no_trust(place: Place) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    code = await hers.rekey()
    await bob.me.connect(code.link)
    await code.used()
    await his.rekeyed()
    assert (hers.trust, his.trust) == (2, 2)


async def test_what_was_shown_before_a_newer_code_is_refused_and_nothing_changes(
    place: Place,
) -> None:
    alice, bob = await place.pair()
    hers, his = await introduce(alice.me, bob.me)
    old = await hers.rekey()
    await hers.rekey()
    await alice.client.settled()
    await bob.me.connect(old.link)
    await his.rekeyed()  # it was given up
    await his.send("still here")
    assert await texts(alice.me, 1) == ["still here"]


async def test_a_code_for_somebody_else_and_an_own_one_are_explained(place: Place) -> None:
    alice, bob = await place.pair()
    hers, _ = await introduce(alice.me, bob.me)
    code = await hers.rekey()
    stranger = await place.home("Eve", [await place.relay("one")])
    with pytest.raises(StateError, match="contact that is not here"):
        await stranger.me.connect(code.link)
    with pytest.raises(StateError, match="your own"):
        await alice.me.connect(code.link)
    with pytest.raises(CodeError, match="cut off"):
        await bob.me.connect(code.link[:60])
    invitation = await alice.me.invite()
    with pytest.raises(StateError, match="not connected yet"):
        await (await stranger.me.connect(invitation.link)).rekey()

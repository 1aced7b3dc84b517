"""Where codes, requests and answers of others may send us."""

import asyncio

import pytest
from tests.sdk.client.people import PATIENCE, Home, Place, introduce, until

from graphchat.client import reach
from graphchat.errors import CodeError
from graphchat.testing.relays import TestRelay
from graphchat.wire.uri import RelayAddress

FINGERPRINT = "#AAAAAAAAAAAAAAAAAAAAAA"
ABROAD = RelayAddress.parse(f"https://relay.example/q{FINGERPRINT}")
HERE = RelayAddress.parse(f"http://127.0.0.1:8080/q{FINGERPRINT}")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "db.localhost",
        "127.0.0.1",
        "127.8.7.6",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
def test_this_machine_is_known_by_every_spelling(host: str) -> None:
    assert reach.is_here(f"https://{host}:8443/q")
    assert not reach.may_reach(f"https://{host}/q", [ABROAD])
    assert reach.may_reach(f"https://{host}/q", [ABROAD, HERE])


@pytest.mark.parametrize(
    "host", ["relay.example", "localhost.example", "10.0.0.1", "192.168.1.9", "[fd00::1]", "127"]
)
def test_other_machines_may_be_named_private_ones_too(host: str) -> None:
    # 127 alone is 0.0.0.127 to resolvers: of this network, and no way back.
    assert not reach.is_here(f"https://{host}/q")
    assert reach.may_reach(f"https://{host}/q", [ABROAD])


async def test_a_code_that_leads_to_this_machine_is_refused(alice: Home, bob: Home) -> None:
    invitation = await alice.me.invite()
    own = bob.client.engine.context.relays
    bob.client.engine.context.relays = [ABROAD]
    with pytest.raises(CodeError, match="a relay on your own machine"):
        await bob.me.connect(invitation.link)
    assert await bob.me.contacts() == []
    bob.client.engine.context.relays = own
    async with asyncio.timeout(PATIENCE):
        await (await bob.me.connect(invitation.link)).established()


@pytest.fixture
async def far(place: Place) -> TestRelay:
    return await place.relay("far")


@pytest.fixture
async def near(place: Place, monkeypatch: pytest.MonkeyPatch) -> TestRelay:
    """Return the one relay that counts as one on this machine: all relays of tests are."""
    found = await place.relay("near")
    base = RelayAddress.parse(found.uri).base
    monkeypatch.setattr(reach, "is_here", base.__eq__)
    return found


async def answered(home: Home) -> None:
    """Wait until everything that waited in queues of ``home`` was taken and deleted."""
    async with asyncio.timeout(PATIENCE):
        await home.client.settled()
    await asyncio.sleep(0.3)


async def test_a_confirmation_that_leads_here_is_as_if_it_had_not_come(
    place: Place, far: TestRelay, near: TestRelay
) -> None:
    alice, bob = await place.home("Alice", [far]), await place.home("Bob", [near, far])
    carol = await place.home("Carol", [far])
    invitation = await alice.me.invite()
    await bob.me.connect(invitation.link)
    await answered(bob)
    assert not invitation.used
    async with asyncio.timeout(PATIENCE):
        await (await carol.me.connect(invitation.link)).established()
    assert [each.name for each in await alice.me.contacts()] == ["Carol"]


async def test_a_request_that_leads_here_is_not_even_shown(
    place: Place, far: TestRelay, near: TestRelay
) -> None:
    alice, bob = await place.home("Alice", [far]), await place.home("Bob", [near])
    address = await alice.me.create_address(accept_all=True)
    await bob.me.connect(address.link)
    await answered(bob)
    assert await alice.me.contacts() == await alice.me.requests() == []


async def test_an_answer_that_leads_here_is_not_followed(
    place: Place, far: TestRelay, near: TestRelay
) -> None:
    alice, bob = await place.home("Alice", [far]), await place.home("Bob", [far])
    address = await alice.me.create_address(accept_all=True)
    await alice.client.add_relay(near.uri)
    await alice.client.remove_relay(far.uri)
    his = await bob.me.connect(address.link)
    await until(lambda: bool(alice.client.engine.context.lives))
    await answered(alice)
    assert (his.state, his.relays) == ("requested", ())


async def test_somebody_with_a_relay_here_goes_to_others_here(
    place: Place, far: TestRelay, near: TestRelay
) -> None:
    alice, bob = await place.home("Alice", [far, near]), await place.home("Bob", [near])
    hers, _ = await introduce(alice.me, bob.me)
    assert hers.relays == (RelayAddress.parse(near.uri).base,) * 2

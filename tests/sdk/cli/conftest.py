"""A relay in a process of its own, and people with homes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import keyring.core
import pytest
from keyring.backends import null
from tests.sdk.cli.people import NewPerson, Pair, Person
from tests.together.processes import RelayProcess, relays

from graphchat import Client, Profile


@pytest.fixture(autouse=True)
def stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no home, passphrase or keyring of this machine take part."""
    for name in ("GRAPHCHAT_HOME", "GRAPHCHAT_PASSPHRASE", "GRAPHCHAT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    empty = null.Keyring()  # type: ignore[no-untyped-call] # the library has no types here
    monkeypatch.setattr(keyring.core, "_keyring_backend", empty)


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    with relays(tmp_path_factory.mktemp("relays"), 1) as (one,):
        yield one


@pytest.fixture
def person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> NewPerson:
    """Make people without a home."""

    def new(name: str) -> Person:
        return Person(tmp_path / name, capsys)

    return new


@pytest.fixture
def alice(person: NewPerson) -> Person:
    """Return somebody with a profile, but without a relay."""
    alice = person("alice")
    alice.do("profile", "create", "Alice")
    return alice


@pytest.fixture
def pair(person: NewPerson, relay: RelayProcess) -> Pair:
    """Return two people who are contacts, and whose events are all printed."""
    alice, bob = person("alice"), person("bob")
    asyncio.run(_befriend(alice.database, bob.database, relay.uri))
    return alice, bob


async def _befriend(first: Path, second: Path, relay: str) -> None:
    async with Client(first, relays=[relay]) as one, Client(second, relays=[relay]) as other:
        alice = await one.create_profile(Profile("Alice"))
        bob = await other.create_profile(Profile("Bob"))
        invitation = await alice.invite()
        contact = await bob.connect(invitation.link)
        await asyncio.gather(invitation.contact(), contact.established())
        await one.settled()
        await other.settled()
        for profile in (alice, bob):
            await profile.acknowledge([event.id for event in await profile.pending_events()])

"""A relay in a process of its own, and people with homes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sdk.cli.people import NewPerson, Pair, Person, befriend, without_secrets
from tests.together.processes import RelayProcess, relays


@pytest.fixture(autouse=True)
def stranger(monkeypatch: pytest.MonkeyPatch, quick_receipts: None) -> None:
    without_secrets(monkeypatch)


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
    asyncio.run(befriend(alice.database, bob.database, relay.uri))
    return alice, bob

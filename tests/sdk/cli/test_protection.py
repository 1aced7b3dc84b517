import asyncio
from pathlib import Path

import keyring.core
import pytest
from tests.sdk.cli.people import NewPerson, Person
from tests.sdk.cli.ring import Ring

from graphchat import Client, Profile
from graphchat.crypto.vault import Strength
from graphchat.errors import PassphraseError
from graphchat.store import passphrase as sources


@pytest.fixture
def guarded(person: NewPerson) -> Person:
    """Return somebody whose home has a passphrase."""
    alice = person("alice")

    async def make() -> None:
        cheap = Strength(operations=1, memory=8192)
        async with Client(alice.database, "correct horse", strength=cheap) as client:
            await client.create_profile(Profile("Alice"))

    asyncio.run(make())
    return alice


def opens(person: Person, passphrase: str | None) -> bool:
    async def attempt() -> bool:
        try:
            async with Client(person.database, passphrase):
                return True
        except PassphraseError:
            return False

    return asyncio.run(attempt())


def test_a_home_gets_another_passphrase(guarded: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCHAT_PASSPHRASE", "correct horse")
    monkeypatch.setenv("GRAPHCHAT_NEW_PASSPHRASE", "battery staple")
    assert guarded.do("passphrase").err == "The passphrase is changed.\n"
    assert opens(guarded, "battery staple")
    assert not opens(guarded, "correct horse")
    assert "taken from GRAPHCHAT_PASSPHRASE" in guarded.refused("passphrase")


def test_a_home_gets_its_first_passphrase_and_loses_it(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHCHAT_NEW_PASSPHRASE", "battery staple")
    alice.do("passphrase")
    assert opens(alice, "battery staple")
    monkeypatch.setenv("GRAPHCHAT_PASSPHRASE", "battery staple")
    assert alice.do("passphrase", "--remove").err == "The passphrase is removed.\n"
    assert opens(alice, None)


def test_the_keyring_learns_of_it(
    guarded: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring()  # type: ignore[no-untyped-call] # the library has no types here
    monkeypatch.setattr(keyring.core, "_keyring_backend", ring)
    monkeypatch.setenv("RING", str(tmp_path / "ring"))
    assert sources.remember(guarded.database, "correct horse")
    monkeypatch.setenv("GRAPHCHAT_NEW_PASSPHRASE", "battery staple")
    guarded.do("passphrase")
    assert sources.recall(guarded.database) == "battery staple"
    guarded.do("passphrase", "--remove")
    assert sources.recall(guarded.database) is None


def test_without_a_terminal_a_script_is_told_how(alice: Person) -> None:
    assert "Set GRAPHCHAT_NEW_PASSPHRASE, or add --remove" in alice.refused("passphrase")

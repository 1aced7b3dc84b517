from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError, PasswordDeleteError

from graphchat.crypto.vault import Strength
from graphchat.store import Database, passphrase


class Ring(KeyringBackend):
    """A keyring in memory, for the real library."""

    priority = 1

    def __init__(self) -> None:  # the base looks into the environment
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError


class NoRing(Ring):
    def get_password(self, service: str, username: str) -> str | None:
        raise NoKeyringError

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NoKeyringError


class BrokenRing(Ring):
    def get_password(self, service: str, username: str) -> str | None:
        raise ConnectionError("the bus is gone")


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def ask() -> str:
    return "asked"


def test_the_environment_comes_first(ring: Ring, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert passphrase.remember(path, "ring")
    assert passphrase.find(path, {"GRAPHCHAT_PASSPHRASE": "environment"}, ask) == "environment"


def test_then_the_keyring_which_knows_each_database(ring: Ring, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert passphrase.remember(path, "ring")
    assert ring.entries == {("graphchat", str(path)): "ring"}
    assert passphrase.find(path, {"GRAPHCHAT_PASSPHRASE": ""}, ask) == "ring"
    assert passphrase.find(tmp_path / "b.db", {}, ask) == "asked"


def test_what_was_forgotten_is_asked_for(ring: Ring, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert passphrase.remember(path, "ring")
    passphrase.forget(path)
    passphrase.forget(path)
    assert passphrase.find(path, {}, ask) == "asked"


@pytest.mark.parametrize("backend", [NoRing, BrokenRing])
def test_a_missing_or_broken_keyring_is_no_trouble(
    ring: Ring, backend: type[Ring], tmp_path: Path
) -> None:
    keyring.set_keyring(backend())
    assert passphrase.find(tmp_path / "a.db", {}, ask) == "asked"
    assert passphrase.find(tmp_path / "a.db", {}) is None


def test_without_a_keyring_nothing_is_remembered(ring: Ring, tmp_path: Path) -> None:
    keyring.set_keyring(NoRing())
    assert not passphrase.remember(tmp_path / "a.db", "secret")


async def test_nobody_is_asked_about_a_database_without_a_passphrase(
    ring: Ring, tmp_path: Path
) -> None:
    bare, wrapped = tmp_path / "bare.db", tmp_path / "wrapped.db"
    assert passphrase.protected(bare) is None
    async with Database.open(bare, None):
        pass
    async with Database.open(wrapped, "correct horse", strength=Strength(1, 8192)):
        pass
    assert passphrase.protected(bare) is False
    assert passphrase.protected(wrapped) is True
    assert passphrase.find(bare, {}, ask) is None
    assert passphrase.find(wrapped, {}, ask) == "asked"

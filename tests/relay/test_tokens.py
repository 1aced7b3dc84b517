from hashlib import sha256
from pathlib import Path

import pytest

from graphchat.clock import SystemClock
from graphchat.errors import NotFoundError, StateError, StoreError
from graphchat_relay import tokens

CLOCK = SystemClock()


def test_a_token_is_nowhere_but_with_whom_it_is_for(tmp_path: Path) -> None:
    path = tmp_path / "relay" / "tokens.json"
    assert tokens.read(path) is None
    first, second = tokens.add(path, "Alice", CLOCK), tokens.add(path, "Bob and his bots", CLOCK)
    assert len(first) == 24
    assert first != second
    text = path.read_text()
    assert first not in text
    assert path.stat().st_mode & 0o777 == 0o600
    found = tokens.read(path)
    assert found is not None
    assert [token.name for token in found] == ["Alice", "Bob and his bots"]
    assert tokens.hashes(found) == {sha256(t.encode()).digest() for t in (first, second)}


def test_after_the_last_one_nobody_is_let_in(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    tokens.add(path, "Alice", CLOCK)
    tokens.revoke(path, "Alice")
    assert tokens.read(path) == ()
    with pytest.raises(NotFoundError, match="no token named Alice"):
        tokens.revoke(path, "Alice")


@pytest.mark.parametrize("name", ["", " x", "x ", "a\nb", "x" * 65, "\x1b[0m", "a/b"])
def test_a_name_is_a_short_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(StateError, match="1 to 64 letters"):
        tokens.add(tmp_path / "tokens.json", name, CLOCK)


def test_a_name_is_used_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    tokens.add(path, "Alice", CLOCK)
    before = path.read_bytes()
    with pytest.raises(StateError, match="Revoke it"):
        tokens.add(path, "Alice", CLOCK)
    assert path.read_bytes() == before


def test_a_relay_compares_with_a_bounded_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST", 1)
    tokens.add(tmp_path / "tokens.json", "Alice", CLOCK)
    with pytest.raises(StateError, match="Revoke some"):
        tokens.add(tmp_path / "tokens.json", "Bob", CLOCK)


@pytest.mark.parametrize(
    "text", ["", "{}", "[{}]", '[{"name": "a", "hash": "b"}]', "[1", "\xff", '[{"name": "a"}]']
)
def test_damaged_tokens_are_not_taken_for_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text, "latin-1")
    with pytest.raises(StoreError, match="damaged"):
        tokens.read(path)


def test_a_place_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        tokens.add(tmp_path / "folder" / ".." / "file" / "x" / "tokens.json", "Alice", CLOCK)
    (tmp_path / "folder").mkdir(exist_ok=True)
    with pytest.raises(StoreError, match="cannot be read"):
        tokens.read(tmp_path / "folder")

from pathlib import Path

import pytest

from graphchat.errors import StateError
from graphchat_bots.grants import GOOD_FOR, MAX_OPEN, find, forget, invite
from graphchat_bots.roles import Role
from graphchat_bots.testing.clock import HandClock


def token_of(line: str) -> str:
    command, token = line.split()
    assert command == "/role"
    return token


def test_an_invitation_is_found_by_its_token_until_it_is_forgotten(tmp_path: Path) -> None:
    clock = HandClock()
    token = token_of(invite(tmp_path, Role.ADMIN, clock))
    other = token_of(invite(tmp_path, Role.MODERATOR, clock))
    grant = find(tmp_path, token.upper(), clock.now())
    assert grant is not None
    assert grant.role is Role.ADMIN
    forget(tmp_path, grant)
    forget(tmp_path, grant)
    assert find(tmp_path, token, clock.now()) is None
    assert find(tmp_path, other, clock.now()) is not None


def test_it_expires_and_its_file_goes(tmp_path: Path) -> None:
    clock = HandClock()
    token = token_of(invite(tmp_path, Role.ADMIN, clock))
    clock.turn_to(clock.now() + GOOD_FOR.total_seconds())
    assert find(tmp_path, token, clock.now()) is None
    assert not list((tmp_path / "roles").iterdir())


def test_the_files_hold_no_token_and_are_for_the_owner_alone(tmp_path: Path) -> None:
    token = token_of(invite(tmp_path / "new", Role.ADMIN, HandClock()))
    (file,) = (tmp_path / "new" / "roles").iterdir()
    assert token not in file.name
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "../../client", "é" * 20, "\ud800"])
def test_what_is_no_token_finds_nothing(tmp_path: Path, token: str) -> None:
    invite(tmp_path, Role.ADMIN, HandClock())
    assert find(tmp_path, token, HandClock().now()) is None


@pytest.mark.parametrize("content", [b"", b"{}", b'{"role": "KING", "until": 9e99}', b"\xff"])
def test_a_broken_file_invites_nobody(tmp_path: Path, content: bytes) -> None:
    token = token_of(invite(tmp_path, Role.ADMIN, HandClock()))
    (file,) = (tmp_path / "roles").iterdir()
    file.write_bytes(content)
    assert find(tmp_path, token, HandClock().now()) is None


def test_open_invitations_are_bounded(tmp_path: Path) -> None:
    clock = HandClock()
    for _ in range(MAX_OPEN):
        invite(tmp_path, Role.ADMIN, clock)
    with pytest.raises(StateError, match="100 open"):
        invite(tmp_path, Role.ADMIN, clock)
    clock.turn_to(clock.now() + GOOD_FOR.total_seconds())
    invite(tmp_path, Role.ADMIN, clock)


def test_nobody_is_invited_to_be_a_member(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to grant"):
        invite(tmp_path, Role.MEMBER, HandClock())

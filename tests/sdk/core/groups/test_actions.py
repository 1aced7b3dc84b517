"""Limits of what entries say."""

import pytest

from graphchat.core.groups import actions as do
from graphchat.core.groups.actions import Change, Role, Settings
from graphchat.errors import ContentError


@pytest.mark.parametrize(
    "settings",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "two\nlines"},
        {"name": "x", "description": "x" * 1_001},
        {"name": "x", "history": 1_001},
        {"name": "x", "history": -1},
        {"name": "x", "disappear": 10**9},
        {"name": "x", "approve": Role.MEMBER},
    ],
)
def test_settings_keep_their_limits(settings: dict[str, object]) -> None:
    with pytest.raises(ContentError):
        Settings(**settings)  # type: ignore[arg-type] # that is the point


def test_a_change_keeps_the_same_limits_and_says_what_it_changes() -> None:
    with pytest.raises(ContentError):
        Change(history=-1)
    assert Change(history=3, mesh=True).given == {"history": 3, "mesh": True}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (do.Invite, (b"short",)),
        (do.Remove, (b"short",)),
        (do.SetRole, (b"short", Role.ADMIN)),
        (do.Mute, (bytes(32), -1)),
        (do.Delete, (bytes(32), 0)),
        (do.Host, ("two\nlines",)),
        (do.Join, (b"", bytes(64))),
        (do.Join, (b"x", bytes(63))),
        (do.Join, (b"x", bytes(64), b"short")),
    ],
)
def test_actions_keep_their_limits(kind: type, values: tuple[object, ...]) -> None:
    with pytest.raises(ContentError):
        kind(*values)

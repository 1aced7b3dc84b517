"""Limits of what programs say about groups."""

from typing import Any

import pytest

from graphchat.content import codec, group
from graphchat.errors import ContentError

GID, KEY, SIGNATURE = bytes(16), bytes(32), bytes(64)
GOOD: list[tuple[Any, tuple[Any, ...]]] = [
    (group.GroupInvite, (GID, "GRAPHCHAT:GROUP/AA", "Hikers", True)),
    (group.GroupJoin, (GID, b"ticket", SIGNATURE, SIGNATURE, KEY, SIGNATURE)),
    (group.GroupAccept, (GID, KEY, SIGNATURE, (group.Position(KEY, 3, KEY),))),
    (group.GroupRefuse, (GID, "banned")),
    (group.GroupEntries, (GID, (b"entry",))),
    (group.GroupPosts, (GID, (b"post",), True)),
    (group.GroupWant, (GID, (KEY,), (group.Range(KEY, 1, 256),))),
    (group.GroupLeave, (GID,)),
    (group.GroupAsk, (GID, b"ticket", SIGNATURE)),
    (group.GroupReject, (GID, KEY)),
    (group.GroupLetter, (GID, KEY, KEY, b"sealed", SIGNATURE)),
]


@pytest.mark.parametrize(("kind", "values"), GOOD)
def test_each_survives_the_way(kind: Any, values: tuple[Any, ...]) -> None:
    message = kind(*values)
    assert codec.decode(codec.encode(message)) == message


@pytest.mark.parametrize(("kind", "values"), GOOD)
def test_each_names_its_group(kind: Any, values: tuple[Any, ...]) -> None:
    with pytest.raises(ContentError, match="group"):
        kind(b"short", *values[1:])


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (group.GroupInvite, (GID, "x" * 5_000, "Hikers")),
        (group.GroupInvite, (GID, "x", "")),
        (group.GroupJoin, (GID, b"", SIGNATURE, SIGNATURE)),
        (group.GroupJoin, (GID, b"t", b"", SIGNATURE)),
        (group.GroupJoin, (GID, b"t", SIGNATURE, SIGNATURE, b"short")),
        (group.GroupJoin, (GID, b"t", SIGNATURE, SIGNATURE, KEY, b"")),
        (group.GroupAccept, (GID, b"", SIGNATURE)),
        (group.GroupAccept, (GID, KEY, b"")),
        (group.GroupRefuse, (GID, "whatever")),
        (group.GroupEntries, (GID, ())),
        (group.GroupEntries, (GID, (b"x",) * 257)),
        (group.GroupPosts, (GID, ())),
        (group.GroupWant, (GID, (b"short",))),
        (group.GroupLetter, (GID, KEY, KEY, b"", SIGNATURE)),
        (group.Range, (KEY, 0, 1)),
        (group.Range, (KEY, 1, 257)),
        (group.Range, (KEY, 2, 1)),
        (group.Position, (KEY, -1, KEY)),
    ],
)
def test_limits_are_kept(kind: Any, values: tuple[Any, ...]) -> None:
    with pytest.raises(ContentError):
        kind(*values)


def test_a_full_message_of_posts_fits_one_frame() -> None:
    longest = group.GroupPosts(GID, (bytes(64 + 765_000 + 400),))
    assert len(codec.encode(longest)) < codec.MAX_MESSAGE

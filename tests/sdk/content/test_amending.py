import pytest

from graphchat.content import Delete, Edit, Reaction, Vote
from graphchat.errors import ContentError

TARGET = bytes(range(16))


@pytest.mark.parametrize("target", [b"", TARGET[1:], TARGET + b"x"])
def test_a_target_has_16_bytes(target: bytes) -> None:
    for make in (
        lambda: Edit(target, "x"),
        lambda: Delete(target),
        lambda: Reaction(target, ""),
        lambda: Vote(target, ()),
    ):
        with pytest.raises(ContentError):
            make()


def test_an_edit_is_as_long_as_a_text() -> None:
    Edit(TARGET, "x" * 100_000)
    with pytest.raises(ContentError, match="100,001 characters"):
        Edit(TARGET, "x" * 100_001)


def test_a_reaction_is_one_emoji_or_none() -> None:
    assert Reaction(TARGET, "👍🏽").emoji == "👍🏽"
    assert Reaction(TARGET, "").emoji == ""
    with pytest.raises(ContentError, match="one emoji"):
        Reaction(TARGET, "👍👍")


@pytest.mark.parametrize("options", [(-1,), (20,), (1, 1), (2, 1), tuple(range(21))])
def test_a_vote_names_options_in_order_and_once(options: tuple[int, ...]) -> None:
    assert Vote(TARGET, tuple(range(20))).options[-1] == 19
    with pytest.raises(ContentError):
        Vote(TARGET, options)

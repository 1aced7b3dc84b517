from datetime import timedelta
from pathlib import Path

import pytest

from graphchat.content import Choice, Edit, Reaction
from graphchat_bots import UserError
from graphchat_bots.examples.poll import USAGE, Poll, bot, read, result
from graphchat_bots.testing.room import Room
from graphchat_bots.testing.transcript import Said
from graphchat_bots.testing.world import Level

ASKED = "Tea or coffee? 1) tea 2) coffee"
EMPTY = "**Tea or coffee?** 0 votes\n- `░░░░░░░░░░` tea: 0\n- `░░░░░░░░░░` coffee: 0"


def button(room: Room, option: int) -> Choice:
    return Choice(room.id_of(ASKED), f"1-{option}", ("tea", "coffee")[option])


def shown(heard: list[Said]) -> str:
    """Return what the message with the result says now."""
    (edit,) = heard
    assert isinstance(edit, Edit)
    return edit.text


def test_nothing_is_wrong_with_it() -> None:
    assert bot.check() == []


async def test_members_of_a_group_have_one_vote_each_and_may_change_it(
    tmp_path: Path, bot_level: Level
) -> None:
    async with bot.testing(tmp_path, bot_level) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben)
        assert await ann.says("/poll Tea or coffee? | tea | coffee", to=room) == [ASKED, EMPTY]
        heard = shown(await ann.says(button(room, 0), to=room))
        assert heard.splitlines()[0] == "**Tea or coffee?** 1 vote"
        assert heard.splitlines()[1] == "- `██████████` tea: 1 (Ann)"
        await world.crash()
        heard = shown(await ben.says("2", to=room))
        assert heard.splitlines()[1:] == [
            "- `█████░░░░░` tea: 1 (Ann)",
            "- `█████░░░░░` coffee: 1 (Ben)",
        ]
        heard = shown(await ann.says(button(room, 1), to=room))
        assert heard.splitlines()[1:] == [
            "- `░░░░░░░░░░` tea: 0",
            "- `██████████` coffee: 2 (Ben, Ann)",
        ]
        assert await ben.says("/close", to=room) == [
            "Only who has begun a poll ends it, or a moderator."
        ]
        closed, last = await ann.says("/close", to=room)
        assert isinstance(closed, Edit)
        assert last == heard
        assert await ben.says(button(room, 0), to=room) == []
        assert await ben.says("1", to=room) == []


async def test_numbers_and_reactions_of_all_members_are_votes(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann, ben, eve = world.person("Ann"), world.person("Ben"), world.person("Eve")
        room = await world.group("Hikers", ann, ben, eve)
        await ann.says("/poll Tea or coffee? | tea | coffee", to=room)
        await ann.says("1", to=room)
        await ben.says("1", to=room)
        heard = shown(await eve.says(Reaction(room.id_of(ASKED), "2️⃣"), to=room))
        assert "tea: 2 (Ann, Ben)" in heard
        assert "coffee: 1 (Eve)" in heard
        assert await eve.says("3", to=room) == []
        assert await eve.says("2028", to=room) == []


async def test_an_anonymous_poll_names_nobody_and_ends_in_time(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben)
        await ann.says("/poll 10m anonymous Tea or coffee? | tea | coffee", to=room)
        await ann.says(button(room, 0), to=room)
        await ben.says(button(room, 0), to=room)
        heard = shown(await ben.says(button(room, 1), to=room))
        assert "Ann" not in heard
        assert "Ben" not in heard
        await world.away(timedelta(minutes=20))
        closed, last = await room.hears()
        assert isinstance(closed, Edit)
        assert last == heard


async def test_the_end_of_an_old_poll_does_not_end_a_new_one(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/poll 10m Old? | a | b")
        assert await ann.says("/poll New? | a | b") == [
            "One poll at a time: /close ends the one that is open."
        ]
        await ann.says("/close")
        await ann.says("/poll New? | a | b")
        await world.advance(timedelta(minutes=11))
        assert await ann.hears() == []
        assert await ann.presses("Old? 1) a 2) b", "a") == ["That poll is closed."]
        assert "a: 1 (Ann)" in shown(await ann.presses("New? 1) a 2) b", "a"))


@pytest.mark.parametrize(
    "text",
    ["", "Question?", "Question? | a", "| a | b", "Q? | a |", f"Q? | {'x' * 61} | b", "Q? |" * 12],
)
def test_what_is_no_poll_is_told_what_would_be(text: str) -> None:
    with pytest.raises(UserError) as caught:
        read(text)
    assert str(caught.value) == USAGE


def test_two_answers_that_look_the_same_are_refused() -> None:
    with pytest.raises(UserError, match="same"):
        read("Q? | Tea | tea ")


def test_more_names_than_are_kept_are_left_out() -> None:
    poll = Poll(question="Q?", labels=["a", "b"], counts=[3, 0], names=[["Ann", "Ben"], []])
    assert "a: 3 (Ann, Ben, …)" in result(poll)

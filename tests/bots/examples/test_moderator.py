from datetime import timedelta
from pathlib import Path

import pytest

from graphchat_bots import Role
from graphchat_bots.examples.moderator import Pace, Rules, bot, has_link, is_flood
from graphchat_bots.testing.room import Room
from graphchat_bots.testing.transcript import Said
from graphchat_bots.testing.world import Level, World

LAW = Rules(domains=frozenset({"good.example"}), posts=4)
ANIMALS = ("cat", "dog", "horse", "owl", "whale", "bee")


def world_of(tmp_path: Path, level: Level = "memory") -> World:
    return bot.testing(tmp_path, level, provide={Rules: LAW})


async def muted(room: Room) -> list[str]:
    return [member.name for member in await room.members() if member.muted]


async def names(room: Room) -> list[str]:
    return [member.name for member in await room.members() if not member.is_bot]


def wanted(heard: list[Said]) -> str:
    """Return the animal that a newcomer has to press."""
    (asked,) = heard
    return next(animal for animal in ANIMALS if f"press the {animal}." in str(asked))


def test_nothing_is_wrong_with_it() -> None:
    assert bot.check() == []


async def test_links_are_deleted_and_the_third_one_mutes(tmp_path: Path, bot_level: Level) -> None:
    async with world_of(tmp_path, bot_level) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben, role="moderator")
        assert await ann.says("http://evil.example", to=room) == []
        assert await ben.says("see https://www.good.example/map", to=room) == []
        assert await ben.says("http://evil.example", to=room) == [
            "Ben: link. This is warning 1 of 3."
        ]
        await world.crash()
        assert await ben.says("/help http://evil.example", to=room) == [
            "Ben: link. This is warning 2 of 3."
        ]
        assert await ann.says("/warn @ben", to=room) == ["Ben: warned. You are muted for a while."]
        assert await muted(room) == ["Ben"]
        said = [text for name, text in await room.posts() if name == "Ben"]
        assert said == ["see https://www.good.example/map"]


async def test_a_flood_is_stopped(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben, role="moderator")
        for number in range(3):
            assert await ben.says(f"{number}", to=room) == []
        assert await ben.says("3", to=room) == ["Ben: flood. This is warning 1 of 3."]
        await world.advance(timedelta(seconds=11))
        assert await ben.says("4", to=room) == []


async def test_who_answers_may_talk(tmp_path: Path, bot_level: Level) -> None:
    async with world_of(tmp_path, bot_level) as world:
        ann, eve = world.person("Ann"), world.person("Eve")
        room = await world.group("Hikers", ann, role="moderator")
        animal = wanted(await room.joins(eve))
        assert await eve.says("buy something", to=room) == []
        assert "Eve is one of us." in await eve.says(animal, to=room)
        assert await eve.says("hello", to=room) == []
        assert [text for name, text in await room.posts() if name == "Eve"] == ["hello"]


async def test_who_is_wrong_or_silent_is_removed(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        ann, eve, sam = world.person("Ann"), world.person("Eve"), world.person("Sam")
        room = await world.group("Hikers", ann, role="moderator")
        animal = wanted(await room.joins(eve))
        await eve.says(next(other for other in ANIMALS if other != animal), to=room)
        assert await names(room) == ["Ann"]
        await room.joins(sam)
        await world.crash()
        await world.advance(timedelta(minutes=4))
        assert await names(room) == ["Ann", "Sam"]
        await world.advance(timedelta(minutes=2))
        assert await names(room) == ["Ann"]


async def test_who_comes_again_has_time_again(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        ann, eve = world.person("Ann"), world.person("Eve")
        room = await world.group("Hikers", ann, role="moderator")
        await room.joins(eve)
        await world.advance(timedelta(minutes=4))
        await room.leaves(eve)
        await room.hears()
        await room.joins(eve)
        await world.advance(timedelta(minutes=2))
        assert await names(room) == ["Ann", "Eve"]


async def test_what_moderators_say_is_done_and_logged_for_admins(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        ann, ben, boss = world.person("Ann"), world.person("Ben"), world.person("Boss")
        room = await world.group("Hikers", ann, ben, boss, role="moderator")
        await boss.says(world.invite(Role.ADMIN))
        assert await boss.says("/log") == ["Nothing was done yet."]
        assert await ben.says("/ban Boss", to=room) == []
        assert await ann.says("/mute 1h @Ben", to=room) == ["Ben is muted."]
        assert await muted(room) == ["Ben"]
        assert await ann.says("/unmute Ben", to=room) == ["Ben is unmuted."]
        assert await muted(room) == []
        assert await ann.says("/kick Ann", to=room) == ["I do nothing to moderators."]
        assert await ann.says("/kick Nobody", to=room) == ["None of the members have this name."]
        assert await ann.says("/ban Ben", to=room) == ["Ben is banned."]
        assert await names(room) == ["Ann", "Boss"]
        (text,) = await boss.says("/log")
        lines = [line.split(" ", 3)[3] for line in str(text).splitlines()]
        assert lines == [
            "Hikers: Ben: muted by Ann",
            "Hikers: Ben: unmuted by Ann",
            "Hikers: Ben: banned by Ann",
        ]


async def test_of_two_who_have_one_name_nobody_is_hit(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        ann = world.person("Ann")
        room = await world.group(
            "Hikers", ann, world.person("Ben"), world.person("ben"), role="moderator"
        )
        assert await ann.says("/ban Ben", to=room) == ["2 of the members have this name."]
        assert len(await names(room)) == 3


async def test_without_its_role_it_does_nothing(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        ann, ben, eve = world.person("Ann"), world.person("Ben"), world.person("Eve")
        room = await world.group("Hikers", ann, ben)
        assert await ben.says("http://evil.example", to=room) == []
        assert await room.joins(eve) == []
        assert await ann.says("/ban Ben", to=room) == ["First make me a moderator of this group."]


@pytest.mark.parametrize(
    ("text", "is_link"),
    [
        ("no link", False),
        ("good.example", False),
        ("http://good.example", False),
        ("(https://sub.good.example/x)", False),
        ("www.good.example", False),
        ("HTTP://EVIL.EXAMPLE", True),
        ("www.evil.example", True),
        ("http://notgood.example", True),
        ("http://good.example.evil.example", True),
        ("http://good.example@evil.example", True),
        ("http://good.example:80@evil.example", True),
        ("http://evil.example\\@good.example", True),
        ("http://[broken", True),
        ("http://good.example http://evil.example", True),
    ],
)
def test_links_are_told_apart(text: str, *, is_link: bool) -> None:
    assert has_link(text, LAW.domains) is is_link


def test_slow_posts_are_no_flood() -> None:
    pace = Pace()
    assert not any(is_flood(pace, 10.0 * number, LAW) for number in range(50))
    assert len(pace.times) <= LAW.posts

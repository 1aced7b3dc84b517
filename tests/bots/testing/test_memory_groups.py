from dataclasses import replace

import pytest

from graphchat.content import Text
from graphchat.errors import NotFoundError, StateError
from graphchat_bots import actions
from graphchat_bots.port import Member
from graphchat_bots.testing.memory_groups import BOT_ID, MemoryGroup, MemoryGroups

NOW = [1000.0]


def member(name: str, role: str = "member") -> Member:
    return Member(name.lower(), name, role, is_bot=False, is_me=False, muted=False)


def group(role: str) -> MemoryGroup:
    groups = MemoryGroups(lambda: NOW[0], "mod")
    found = groups[groups.found("Hikers", approval=False)]
    for each in (member("Ann", "owner"), member("Ben"), replace(groups.bot, role=role)):
        found.enter(each)
    return found


def names(found: MemoryGroup) -> list[str]:
    return [each.name for each in found.members()]


@pytest.mark.parametrize("role", ["observer", "member"])
def test_who_is_no_moderator_may_not_moderate(role: str) -> None:
    found = group(role)
    for action in (actions.Mute("ben", 2000.0), actions.Remove("ben", ban=False)):
        with pytest.raises(StateError):
            found.act(action)


def test_a_moderator_may_do_nothing_to_who_is_above() -> None:
    found = group("moderator")
    with pytest.raises(StateError):
        found.act(actions.Remove("ann", ban=False))
    found.act(actions.Remove("ben", ban=False))
    found.act(actions.Remove("ben", ban=False))
    assert names(found) == ["Ann", "mod"]


def test_who_is_muted_is_heard_again_when_the_time_is_over() -> None:
    found = group("moderator")
    found.act(actions.Mute("ben", NOW[0] + 10))
    with pytest.raises(StateError):
        found.post("ben", Text("hi"), b"1")
    NOW[0] += 11
    found.post("ben", Text("hi"), b"1")
    found.post("ben", Text("hi"), b"1")
    assert list(found.posts.values()) == [("ben", Text("hi"))]
    found.act(actions.Delete("ben", b"1"))
    assert not found.posts


def test_a_bot_deletes_its_own_posts_whatever_it_is() -> None:
    found = group("member")
    found.post(BOT_ID, Text("hi"), b"1")
    found.act(actions.Delete(BOT_ID, b"1"))
    assert not found.posts


def test_who_asks_is_let_in_or_not() -> None:
    found = group("moderator")
    for each in (member("Eve"), member("Joe")):
        found.asking[each.id] = each
    found.act(actions.Decide("eve", accept=False))
    found.act(actions.Decide("joe", accept=True))
    assert names(found) == ["Ann", "Ben", "Joe", "mod"]
    assert not found.asking


def test_a_group_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        MemoryGroups(lambda: 0.0, "mod")["group-1"]


def test_a_bot_that_is_out_knows_nothing_any_more() -> None:
    found = group("member")
    del found.people[BOT_ID]
    with pytest.raises(StateError):
        found.info()

"""Lines and objects about groups."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from graphchat.cli import events, group_events
from graphchat.cli.terminal import Terminal
from graphchat.client import (
    GroupAlarm,
    GroupChanged,
    GroupGap,
    GroupInvited,
    GroupLine,
    GroupMessageReceived,
    JoinRequested,
)
from graphchat.content import Choices, Location, Option, Text
from graphchat.ids import MessageId

HIKERS = cast("Any", SimpleNamespace(name="Hikers\x1b[2J", id="ab" * 16))
BOB = cast("Any", SimpleNamespace(name="Bob", id="cd" * 16))
CAROL = cast("Any", SimpleNamespace(name="Carol", key=bytes(32)))
THEN = datetime(2026, 1, 2, tzinfo=UTC)


async def never(link: str) -> Any:
    raise AssertionError(link)


EVENTS: list[Any] = [
    GroupMessageReceived(
        1, HIKERS, "Bob", bytes(32), Text("one\ntwo\x07"), MessageId(bytes(16)), THEN, 3
    ),
    *(
        GroupChanged(2, HIKERS, what, "Alice", "Bob", "admin")
        for what in (
            *("entered", "refused", "expelled", "joined", "left", "removed", "role"),
            *("settings", "host", "muted", "deleted", "something new"),
        )
    ),
    GroupInvited(3, BOB, "Hikers", "GRAPHCHAT:GROUP/AA", broadcast=False, _join=never),
    JoinRequested(4, HIKERS, CAROL),
    GroupGap(5, HIKERS, "Bob", 2, 2, ""),
    GroupGap(5, HIKERS, "Bob", 2, 4, "Alice"),
    GroupAlarm(6, HIKERS, "Beware."),
]


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_a_line_and_an_object(event: Any) -> None:
    line, record = events.line(event), events.record(event)
    assert "Hikers" in line
    assert "\x1b" not in line
    assert "\x07" not in line
    assert str(record["event"]).startswith("group.")


def test_lines_say_what_happened() -> None:
    lines = [events.line(event) for event in EVENTS]
    assert any("Bob: one\n    two" in line for line in lines)
    assert any(line.endswith("Bob is admin now, by Alice.") for line in lines)
    assert any("graphchat group join GRAPHCHAT:GROUP/AA" in line for line in lines)
    assert any("post 2 of Bob did not come" in line for line in lines)
    assert any("Alice left out posts 2 to 4 of Bob" in line for line in lines)


def test_a_post_of_the_history_has_its_number() -> None:
    def line(message: Any) -> GroupLine:
        name = MessageId(bytes(16))
        return GroupLine(name, "Bob", bytes(32), 7, True, message, THEN, "queued", 1)

    def shown(message: Any, look: Terminal | None = None) -> str:
        return group_events.history_line("My Hikers", line(message), look)

    assert "#7 Bob: *hello* [queued]" in shown(Text("*hello*"))
    assert "#7 Bob: (deleted)" in shown(None)
    assert "#7 Bob: (place) geo:1.000000,2.000000" in shown(Location(1.0, 2.0))
    assert "#7 Bob: Which?\n    1) this\n    2) that" in shown(
        Choices("Which?", (Option("1", "this"), Option("2", "that")))
    )
    looked = shown(Text("*hello*"), Terminal(80, colours=True))
    assert "\x1b[3mhello\x1b[0m" in looked
    assert group_events.history_record(line(None))["text"] == ""
    assert group_events.history_record(line(Text("hello")))["number"] == 7

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given, strategies as st
from tests.sdk.cli.people import befriend
from tests.together.processes import RelayProcess

from graphchat.cli import events
from graphchat.client import (
    Alarm,
    Contact,
    ContactEstablished,
    ContactFailed,
    ContactRequested,
    ControlReceived,
    Event,
    MessageDelivered,
    MessageReceived,
    Request,
)
from graphchat.content import BotCommand, BotCommands, Image, Message, Text, Unknown
from graphchat.ids import MessageId

ID = MessageId(bytes(range(16)))
AT = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
WHEN = f"{AT.astimezone():%Y-%m-%d %H:%M}"
PICTURE = Image(b"12345", "image/png", 640, 480, b"", "look\nBob: here")
SHOWN = "(picture, 640 x 480, 1 KiB, not saved; graphchat history Bob --save DIR does)"
COMMANDS = BotCommands((BotCommand("help", "Says what I can."), BotCommand("echo", "")))
UNKNOWN = Unknown("poll", b"\x81\xa4type\xa4poll")


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory, relay: RelayProcess) -> Contact:
    """Return a contact whose client is closed by now."""
    folder = tmp_path_factory.mktemp("homes")
    return asyncio.run(befriend(folder / "alice.db", folder / "bob.db", relay.uri))


def message(bob: Contact, said: Message) -> Event:
    return MessageReceived(1, bob, said, ID, AT)


EVENTS: dict[str, tuple[Callable[[Contact], Event], str, dict[str, object]]] = {
    "text": (
        lambda bob: message(bob, Text("hi\nEve: [b]pay[/b] \x1b[2J")),
        f"{WHEN} Bob: hi\n    Eve: [b]pay[/b] \\x1b[2J",
        {"event": "message", "type": "text", "text": "hi\nEve: [b]pay[/b] \x1b[2J"},
    ),
    "picture": (
        lambda bob: message(bob, PICTURE),
        f"{WHEN} Bob: {SHOWN} look\n    Bob: here",
        {"event": "message", "type": "image", "mime": "image/png", "size": 5, "width": 640},
    ),
    "unknown": (
        lambda bob: message(bob, UNKNOWN),
        f"{WHEN} Bob: (poll: not supported by this version)",
        {"event": "message", "type": "poll", "text": "", "id": ID.hex()},
    ),
    "commands": (
        lambda bob: ControlReceived(2, bob, COMMANDS),
        "* Bob understands /help /echo",
        {"event": "control", "commands": {"help": "Says what I can.", "echo": ""}},
    ),
    "control": (
        lambda bob: ControlReceived(2, bob, UNKNOWN),
        "* Bob told your program something (poll).",
        {"event": "control", "type": "poll"},
    ),
    "delivered": (
        lambda bob: MessageDelivered(3, bob, (ID, ID)),
        "* Bob has 2 of your messages.",
        {"event": "delivered", "ids": [ID.hex(), ID.hex()]},
    ),
    "request": (
        lambda bob: ContactRequested(4, Request(bob._engine, bob, "hi\n* Eve")),
        "* Bob asks to become a contact (graphchat requests): hi\n    * Eve",
        {"event": "request", "text": "hi\n* Eve"},
    ),
    "silent request": (
        lambda bob: ContactRequested(4, Request(bob._engine, bob, "")),
        "* Bob asks to become a contact (graphchat requests).",
        {"event": "request", "text": ""},
    ),
    "established": (
        lambda bob: ContactEstablished(5, bob),
        "* Bob is a contact now (trust 2).",
        {"event": "established", "trust": 2},
    ),
    "failed": (
        lambda bob: ContactFailed(6, bob, "It was used."),
        "! Bob: It was used.",
        {"event": "failed", "reason": "It was used."},
    ),
    "alarm": (
        lambda bob: Alarm(7, bob, "Look out."),
        "! Bob: Look out.",
        {"event": "alarm", "warning": "Look out."},
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_a_line_and_an_object(name: str, bob: Contact) -> None:
    make, line, fields = EVENTS[name]
    event = make(bob)
    assert events.line(event) == line
    record = events.record(event)
    assert record["contact"] == "Bob"
    assert record["contact_id"] == bob.id
    assert {name: record[name] for name in fields} == fields
    assert json.loads(json.dumps(record)) == record


def test_a_message_says_when_it_was_sent(bob: Contact) -> None:
    record = events.record(message(bob, Text("hi")))
    assert datetime.fromisoformat(str(record["sent_at"])) == AT
    assert record["id"] == ID.hex()


@given(text=st.text(max_size=50))
def test_a_text_stays_within_its_message(text: str, bob: Contact) -> None:
    first, *others = events.line(message(bob, Text(text))).split("\n")
    assert first.startswith(f"{WHEN} Bob: ")
    assert all(line.startswith("    ") for line in others)
    shown = "".join([first, *others])
    assert {category(char) for char in shown if char != "\t"}.isdisjoint({"Cc", "Zl", "Zp"})


def test_a_picture_is_saved_by_its_id(bob: Contact, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    event = message(bob, PICTURE)
    path = events.save(event, folder)
    assert path == folder / f"{ID.hex()}.png"
    assert path.read_bytes() == PICTURE.data
    assert events.save(event, folder) == path
    assert str(path) in events.line(event, path)
    assert events.record(event, path)["file"] == str(path)
    assert events.save(message(bob, Text("hi")), folder) is None
    assert len(list(folder.iterdir())) == 1


def test_receipts_in_a_row_are_one(bob: Contact) -> None:
    text = message(bob, Text("hi"))
    row = [MessageDelivered(number, bob, (ID,)) for number in (2, 3, 4)]
    found = list(events.joined([text, *row, ContactEstablished(5, bob), row[0]]))
    assert [ids for _, ids in found] == [[1], [2, 3, 4], [5], [2]]
    assert events.line(found[1][0]) == "* Bob has 3 of your messages."
    assert found[0][0] is text

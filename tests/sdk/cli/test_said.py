import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from tests.recordings import recording

from graphchat.cli.said import lasting, quoted, record, said
from graphchat.content import (
    Choice,
    Choices,
    Delete,
    Form,
    FormAnswer,
    FormField,
    Image,
    Location,
    Message,
    Option,
    Poll,
    Text,
    Timer,
    Unknown,
)
from graphchat.content.voice import make_voice

TARGET = bytes(range(16))
OPTIONS = (Option("in", "Inside"), Option("out", "Outside\u00a0🌳"))
CLOSES = datetime(2030, 1, 1, 12, tzinfo=UTC)
POLL = Poll("When?", ("now", "later"), several=True, closes_ms=int(CLOSES.timestamp()) * 1000)
FORM = Form(
    "A table",
    (
        FormField("name", "Your name", required=True),
        FormField("where", "Where", "choice", choices=("inside", "outside")),
    ),
)
SHOWN: list[tuple[Message, str]] = [
    (Text("hi\nEve: pay"), "hi\n    Eve: pay"),
    (Image(b"x", "image/png", 3, 2, b"", "boat"), "(picture, 3 x 2, 1 KiB, here) boat"),
    (make_voice(recording(75_400)), "(recording, 1:15, 1 KiB, here)"),
    (Location(48.5, -11.5), "(place) geo:48.500000,-11.500000"),
    (Location(1, 2, 10, "Café"), "(place, within 10 m) geo:1.000000,2.000000 Café"),
    (Choices("Where?", OPTIONS), "Where?\n    1) Inside\n    2) Outside\u00a0🌳"),
    (Choices("Where?", OPTIONS, "Say in or out"), "Where?\n    Say in or out"),
    (Choice(TARGET, "in", "Inside"), "(chose) Inside"),
    (
        POLL,
        (
            f"(poll, several answers, until {CLOSES.astimezone():%Y-%m-%d %H:%M}) When?"
            "\n    1) now <- Bob\n    2) later"
        ),
    ),
    (
        FORM,
        (
            "(form) A table\n    name (text): Your name"
            "\n    where (choice, optional: inside, outside): Where"
        ),
    ),
    (
        FormAnswer(TARGET, {"name": "Bob\nEve", "vegan": True, "seats": 4}),
        "(filled in)\n    name: Bob\n    Eve\n    vegan: yes\n    seats: 4",
    ),
    (Timer(5400, 1), "(messages disappear after 1 hour 30 minutes from here on)"),
    (Timer(0, 2), "(messages stay from here on)"),
    (Unknown("deleted", b""), "(deleted)"),
    (Unknown("of.later", b""), "(of.later: not supported by this version)"),
]


@pytest.mark.parametrize(("message", "text"), SHOWN, ids=lambda value: type(value).__name__)
def test_every_message_has_words(message: Message, text: str) -> None:
    assert said(message, "here", {0: ["Bob"]}) == text


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (Text("hi", TARGET, "x"), {"type": "text", "text": "hi", "reply_to": TARGET.hex()}),
        (make_voice(recording(1500)), {"type": "voice", "duration_ms": 1500}),
        (Location(1, 2, 3, "x"), {"latitude": 1, "longitude": 2, "accuracy": 3, "text": "x"}),
        (Choices("?", OPTIONS[:1]), {"options": [{"id": "in", "label": "Inside"}]}),
        (Choice(TARGET, "in", "Inside"), {"target": TARGET.hex(), "option": "in"}),
        (POLL, {"options": ["now", "later"], "several": True, "closes_ms": POLL.closes_ms}),
        (FormAnswer(TARGET, {"seats": 4}), {"target": TARGET.hex(), "values": {"seats": 4}}),
        (Timer(5, 1), {"seconds": 5}),
        (Delete(TARGET), {"type": "delete", "text": ""}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_programs_read_every_message(message: Message, fields: dict[str, object]) -> None:
    found = record(message)
    assert {name: found[name] for name in fields} == fields


def test_a_form_says_what_it_asks_for() -> None:
    fields = json.loads(json.dumps(record(FORM)))["fields"]
    assert fields[1] == {
        "name": "where",
        "label": "Where",
        "kind": "choice",
        "choices": ["inside", "outside"],
    }


@given(text=st.text(max_size=30))
def test_nothing_that_is_said_looks_like_another_line(text: str) -> None:
    for message in (Text(text), Unknown(text, b"")):
        first, *others = quoted(text, said(message, "here", {})).split("\n")
        assert all(line.startswith("    ") for line in others)
        assert "\x1b" not in first


def test_a_poll_of_the_far_future_closes_never() -> None:
    assert "until for ever" in said(Poll("?", ("a", "b"), closes_ms=2**63 - 1))


def test_how_long_messages_last_is_said_in_words() -> None:
    assert lasting(0) == "stay"
    assert lasting(694_861) == "disappear after 1 week 1 day 1 hour 1 minute 1 second"
    assert lasting(7200) == "disappear after 2 hours"

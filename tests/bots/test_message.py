from dataclasses import replace
from datetime import UTC, datetime

import pytest

from graphchat.content import Choice, Image, Text, Unknown
from graphchat_bots.message import Message, Sender, event_of
from graphchat_bots.port import Group, Incoming


def incoming(sent_at: float = 0.0) -> Incoming:
    return Incoming("e1", "chat", "chat", "Ann", "message", Text("hi"), sent_at, b"1" * 16)


def test_a_message_tells_who_what_and_when() -> None:
    event = event_of(incoming(86400.0))
    assert event.message is not None
    assert event.message.text == "hi"
    assert event.message.sender == event.sender == Sender("chat", "Ann")
    assert event.message.sent_at == datetime(1970, 1, 2, tzinfo=UTC)


def test_somebody_who_connects_has_said_nothing() -> None:
    event = event_of(Incoming("e1", "chat", "chat", "Ann", "contact", None, 0.0, b""))
    assert (event.kind, event.message) == ("contact", None)


@pytest.mark.parametrize("sent_at", [-1e30, 1e30, float("inf"), float("-inf")])
def test_a_stranger_cannot_choose_a_time_that_breaks_the_bot(sent_at: float) -> None:
    assert event_of(incoming(sent_at)).message is not None


def test_the_text_of_a_picture_is_its_caption_and_unknown_messages_have_none() -> None:
    sender, now = Sender("chat", "Ann"), datetime.now(UTC)
    image = Image(b"x", "image/png", 1, 1, caption="look")
    assert Message(b"1", sender, image, now).text == "look"
    assert Message(b"1", sender, Unknown("poll", b""), now).text == ""


def test_a_pressed_button_says_its_label() -> None:
    sender, now = Sender("chat", "Ann"), datetime.now(UTC)
    assert Message(b"1", sender, Choice(bytes(16), "yes", "Yes"), now).text == "Yes"


def test_a_member_of_a_group_is_not_the_chat() -> None:
    group = Group("group", "Hikers")
    said = replace(incoming(), chat="group", sender_id="member", group=group)
    event = event_of(said)
    assert event.message is not None
    assert (event.chat, event.sender.id, event.group) == ("group", "member", group)
    assert event.message.group == group

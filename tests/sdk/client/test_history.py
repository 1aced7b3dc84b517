"""Lines of a conversation, and finding one of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image as Pillow
from tests.recordings import recording
from tests.sdk.client.people import Home, introduce, one, take, texts

from graphchat import (
    Choice,
    Choices,
    Form,
    FormAnswer,
    FormField,
    Image,
    Location,
    MessageReceived,
    Option,
    Poll,
    Text,
    Voice,
)
from graphchat.client.history import Line, decode, quote_of
from graphchat.content import Message, Read, Unknown, encode
from graphchat.content.voice import make_voice
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.ids import MessageId

SPOKEN: list[Message] = [
    Text("hello"),
    make_voice(recording(1500), b"\1\2"),
    Location(48.1, 11.5, 10.0, "Café"),
    Choices("Where?", (Option("in", "Inside"), Option("out", "Outside"))),
    Poll("When?", ("now", "later"), several=True),
    Form("A table", (FormField("name", "Your name", required=True),)),
]


@pytest.mark.parametrize("message", SPOKEN, ids=lambda message: type(message).__name__)
async def test_everything_that_can_be_said_arrives(
    message: Message, alice: Home, bob: Home
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send(message)
    event = await one(bob.me, MessageReceived)
    assert (event.message, event.message_id) == (message, sent.id)
    for contact in (hers, his):
        assert [line.message for line in await contact.history()] == [message]


async def test_what_only_programs_say_is_not_sent_as_a_message(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    with pytest.raises(ContentError, match="a method of its own"):
        await hers.send(Read(bytes(16)))


async def test_a_reply_quotes_what_is_in_the_history(
    alice: Home, bob: Home, tmp_path: Path
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    sent = await hers.send("a" * 300)
    await texts(bob.me, 1)
    Pillow.new("RGB", (30, 20), "navy").save(tmp_path / "a.png")
    await his.reply(sent.id, tmp_path / "a.png")
    event = await one(alice.me, MessageReceived)
    assert isinstance(event.message, Image)
    assert (event.message.reply_to, event.quote) == (sent.id, "a" * 200)
    assert (await his.history())[-1].quote == "a" * 200
    # A quote is a claim: the history knows better.
    await his.send(Text("See?", sent.id, "I owe you 100"))
    assert (await one(alice.me, MessageReceived)).quote == "a" * 200
    assert (await hers.history())[-1].quote == "a" * 200
    await hers.delete(sent.id)
    assert (await hers.history())[-1].quote == ""
    await his.send(Text("Who?", bytes(16), "nobody knows"))
    assert (await one(alice.me, MessageReceived)).quote == "nobody knows"
    with pytest.raises(NotFoundError):
        await his.reply(MessageId(bytes(16)), "x")
    with pytest.raises(ContentError, match="cannot be a reply"):
        await his.reply(sent.id, Choice(bytes(16), "x", "x"))


async def test_buttons_and_forms_are_answered(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    buttons, form = [await hers.send(SPOKEN[place]) for place in (3, 5)]
    await take(bob.me, MessageReceived, 2)
    await his.choose(buttons.id, "out")
    assert (await one(alice.me, MessageReceived)).message == Choice(buttons.id, "out", "Outside")
    await his.answer_form(form.id, {"name": "Bob"})
    answer = (await one(alice.me, MessageReceived)).message
    assert answer == FormAnswer(form.id, {"name": "Bob"})
    for wrong, error in (
        (his.choose(buttons.id, "up"), ContentError),
        (his.choose(form.id, "out"), StateError),
        (his.answer_form(form.id, {}), ContentError),
        (his.answer_form(buttons.id, {}), StateError),
    ):
        with pytest.raises(error):
            await wrong


async def test_a_message_is_found_by_the_beginning_of_its_id(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    with pytest.raises(NotFoundError, match="Nothing was said"):
        await hers.find("last")
    first, second = MessageId(b"\xab\xcd" + bytes(14)), MessageId(b"\xab\xcd\x01" + bytes(13))
    for name in (first, second):
        await hers.send("x", id=name)
    await texts(bob.me, 2)
    answer = await his.send("y")
    await texts(alice.me, 1)
    assert await hers.find("ABCD01") == second
    assert await hers.find(first.hex()) == first
    assert await hers.find("last") == await hers.find("last", outgoing=False) == answer.id
    assert await hers.find("last", outgoing=True) == second
    for text, error in (
        ("abcd", StateError),
        ("abc", NotFoundError),
        ("abcdef", NotFoundError),
        ("%%%%", NotFoundError),
    ):
        with pytest.raises(error):
            await hers.find(text)
    assert (await hers.line(answer.id)).message == Text("y")


def test_what_is_damaged_is_shown_as_such() -> None:
    assert decode(b"\xc1") == Unknown("damaged", b"\xc1")
    voice = SPOKEN[1]
    assert isinstance(voice, Voice)
    assert decode(encode(voice)) == voice
    line = Line(MessageId(bytes(16)), bool(1), voice, datetime.now(UTC), "sent", 1)
    assert quote_of(line) == ""

import pytest

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
    Typing,
    Unknown,
)
from graphchat.content.words import kind_of, text_of

TARGET = bytes(16)


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        (Text("hello"), "text", "hello"),
        (Image(b"x", "image/png", 1, 1, b"", "our boat"), "image", "our boat"),
        (Location(0, 0, 0, "Café"), "location", "Café"),
        (Choices("Where?", (Option("in", "Inside"),)), "choices", "Where?\nInside"),
        (Choice(TARGET, "in", "Inside"), "choice", "Inside"),
        (Poll("When?", ("now", "later")), "poll", "When?\nnow\nlater"),
        (Form("A table", (FormField("name", "Your name"),)), "form", "A table\nYour name"),
        (FormAnswer(TARGET, {"name": "Bob", "seats": 4}), "form.answer", "name: Bob\nseats: 4"),
        (Delete(TARGET), "delete", ""),
        (Typing(active=True), "typing", ""),
        (Unknown("later", b""), "later", ""),
    ],
)
def test_a_message_has_a_kind_and_words(message: Message, kind: str, text: str) -> None:
    assert (kind_of(message), text_of(message)) == (kind, text)

from io import BytesIO

import pytest
from PIL import Image as Pillow

from graphchat.content import Choices, Delete, Edit, Image, Message, Option, Reaction, Text
from graphchat.content.pictures import make_image
from graphchat_bots.testing.network import Heard
from graphchat_bots.testing.transcript import Transcript, edited, read

ONE, TWO = b"1" * 16, b"2" * 16


def transcript(*messages: Message, ids: tuple[bytes, ...] = (ONE, TWO)) -> Transcript:
    made = Transcript("the bot")
    for name, message in zip(ids, messages, strict=False):
        made.add(Heard(name, message))
    return made


def picture() -> Image:
    file = BytesIO()
    Pillow.new("RGB", (4, 3), "red").save(file, "PNG")
    return make_image(file.getvalue(), "before")


def test_a_message_is_read_as_it_is_compared() -> None:
    assert read(Text("a")) == "a"
    assert read(Text("a", ONE, "quoted")) == Text("a", ONE, "quoted")
    assert read(Choices("Size?", (Option("s", "S"), Option("m", "M")))) == "Size? 1) S 2) M"


def test_an_edit_changes_what_nobody_has_asked_for_yet() -> None:
    made = transcript(Text("a"), Text("b"))
    made.add(Heard(b"", Edit(ONE, "c")))
    assert made.fresh() == [Heard(ONE, Text("c")), Heard(TWO, Text("b"))]
    assert made.fresh() == []


def test_an_edit_of_what_was_read_stands_for_itself() -> None:
    made = transcript(Text("a"))
    made.fresh()
    made.add(Heard(b"", Edit(ONE, "c")))
    assert made.newest("c").id == ONE
    assert made.fresh() == [Heard(b"", Edit(ONE, "c"))]
    with pytest.raises(AssertionError, match="the bot has said nothing that is 'a'"):
        made.newest("a")


def test_what_is_deleted_was_never_said() -> None:
    made = transcript(Text("a"), Text("b"))
    made.add(Heard(b"", Delete(ONE)))
    assert made.fresh() == [Heard(TWO, Text("b"))]
    made.add(Heard(b"", Delete(TWO)))
    assert made.fresh() == [Heard(b"", Delete(TWO))]


def test_of_two_that_say_the_same_the_newest_is_meant() -> None:
    made = transcript(Text("a"), Text("a"))
    assert made.newest("a").id == made.newest(Text("a")).id == TWO
    made.fresh()
    made.add(Heard(b"", Reaction(ONE, "👍")))
    assert made.newest("a").id == TWO


def test_captions_are_edited_and_nothing_else_is() -> None:
    changed = edited(picture(), "after")
    assert isinstance(changed, Image)
    assert changed.caption == "after"
    with pytest.raises(AssertionError, match="only texts"):
        edited(Choices("Size?", (Option("s", "S"),)), "x")


def test_what_was_deleted_before_anybody_heard_it_was_never_there() -> None:
    made = transcript()
    made.add(Heard(b"", Delete(ONE)))
    assert made.fresh() == []
    made = transcript(Text("a"))
    made.fresh()
    made.add(Heard(b"", Delete(ONE)))
    assert made.fresh() == [Heard(b"", Delete(ONE))]

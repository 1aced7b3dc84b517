from pathlib import Path

import pytest
from PIL import Image
from tests.recordings import recording

from graphchat.cli.compose import Wanted, compose
from graphchat.cli.errors import WrongUsageError
from graphchat.client import LocalFile
from graphchat.content import Choices, Form, FormField, Location, Option, Poll, Text, Voice
from graphchat.errors import ContentError


def test_what_was_typed_becomes_a_message(tmp_path: Path) -> None:
    assert compose(Wanted("hello")) == Text("hello")
    assert compose(Wanted("Café", location="48.1,-11.5")) == Location(48.1, -11.5, 0, "Café")
    assert compose(Wanted("", location="geo:1,2")) == Location(1, 2)
    poll = Wanted("", poll="When?", options=["now", "later"], several=True)
    assert compose(poll) == Poll("When?", ("now", "later"), several=True)
    file = tmp_path / "a.opus"
    file.write_bytes(recording(1500))
    assert compose(Wanted("the plan", file)) == LocalFile(file, "the plan")
    assert compose(Wanted("", choices="Tea?", options=["Yes"])) == Choices(
        "Tea?", (Option("1", "Yes"),)
    )
    form = compose(Wanted("", form="A table", fields=["name: Your name"]))
    assert form == Form("A table", (FormField("name", "Your name", required=True),))
    picture = tmp_path / "a.png"
    Image.new("RGB", (3, 3)).save(picture)
    assert compose(Wanted("", picture, original=True)) == LocalFile(picture)
    voice = compose(Wanted("", voice=file))
    assert isinstance(voice, Voice)
    assert voice.duration_ms == 1500


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (Wanted("", Path("a"), Path("b")), "A message is one thing. Choose one of --file and"),
        (Wanted("x", options=["a"]), "--option belongs to --poll and --choices, --several to"),
        (Wanted("x", several=True), "--option belongs to --poll and --choices, --several to"),
        (Wanted("", choices="?", options=["a"], several=True), "--option belongs to --poll"),
        (Wanted("x", fields=["a: b"]), "--field belongs to --form"),
        (Wanted("x", original=True), "--original belongs to --file"),
        (Wanted("x", poll="?", options=["a", "b"]), "There is no text beside --poll"),
        (Wanted("x", form="?", fields=["a: b"]), "There is no text beside --form"),
        (Wanted("", form="?", fields=["a"]), "'a' is no field. Like these: --field 'name: "),
        (Wanted("", location="here"), "'here' is no place"),
        (Wanted("", location="1,2,3"), "'1,2,3' is no place"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(wanted: Wanted, sentence: str) -> None:
    with pytest.raises(WrongUsageError, match=f"^{sentence}"):
        compose(wanted)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (Wanted(" "), "There is nothing to send"),
        (Wanted("", location="91,0"), "latitude"),
        (Wanted("", poll="?", options=["a"]), "number of options"),
        (Wanted("", location="nan,0"), "latitude"),
    ],
)
def test_what_no_message_can_be_is_refused(wanted: Wanted, sentence: str) -> None:
    with pytest.raises(ContentError, match=sentence):
        compose(wanted)

from pathlib import Path

import pytest

from graphchat.cli import pictures
from graphchat.content import Image, Text
from graphchat.ids import MessageId

ID = MessageId(bytes(range(16)))
PICTURE = Image(b"12345", "image/png", 640, 480, b"", "look")


def test_the_same_picture_is_written_once(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    path = pictures.save(PICTURE, ID, folder)
    assert path == folder / f"{ID.hex()}.png"
    assert path.read_bytes() == PICTURE.data
    assert pictures.save(PICTURE, ID, folder) == path
    assert list(folder.iterdir()) == [path]


def test_a_file_that_is_something_else_is_never_overwritten(tmp_path: Path) -> None:
    name, mine = f"{ID.hex()}.png", tmp_path / "mine"
    (tmp_path / name).write_bytes(b"precious")
    (tmp_path / f"{ID.hex()}-2.png").symlink_to(mine)
    assert pictures.save(PICTURE, ID, tmp_path) == tmp_path / f"{ID.hex()}-3.png"
    assert (tmp_path / name).read_bytes() == b"precious"
    assert not mine.exists()


def test_what_is_no_picture_makes_no_folder(tmp_path: Path) -> None:
    assert pictures.save(Text("hi"), ID, tmp_path / "new") is None
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "typed"), [("Bob", "Bob"), ("Bob B; x", "'Bob B; x'"), ("B\x1b[2J", r"'B\x1b[2J'")]
)
def test_the_hint_can_be_typed_as_it_stands(name: str, typed: str) -> None:
    hint = f"not saved; graphchat history {typed} --save DIR does"
    assert pictures.where(name, None) == hint
    assert pictures.where(name, Path("in/x.png")) == "in/x.png"

from pathlib import Path

import pytest
from PIL import Image
from tests.sdk.cli.people import Pair

from graphchat.cli import history


def test_the_history_is_searched_and_limited(pair: Pair) -> None:
    alice, bob = pair
    for text in ("Ahoy one", "two", "ahoy three"):
        alice.do("send", "Bob", text)
    assert len(bob.receive(3)) == 3
    found = bob.do("history", "alice", "--search", "AHOY", "--json").rows
    assert [line["text"] for line in found] == ["Ahoy one", "ahoy three"]
    found = bob.do("history", "Alice", "--limit", "2", "--json").rows
    assert [line["text"] for line in found] == ["two", "ahoy three"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "PAGE", 2)
        found = bob.do("history", "Alice", "--json").rows
        assert [line["text"] for line in found] == ["Ahoy one", "two", "ahoy three"]
        found = bob.do("history", "Alice", "--limit", "2", "--json").rows
        assert [line["text"] for line in found] == ["two", "ahoy three"]
    shown = alice.do("history", "Bob", "--limit", "1").out
    assert shown.endswith("Alice: ahoy three [sent]\n")
    assert bob.run("history", "Alice", "--limit", "0").status == 2


def test_a_picture_that_was_not_saved_is_saved_by_the_command_that_the_hint_names(
    pair: Pair, tmp_path: Path
) -> None:
    alice, bob = pair
    picture, folder = tmp_path / "boat.png", tmp_path / "new" / "in"
    Image.new("RGB", (300, 200), "navy").save(picture)
    alice.do("send", "Bob", "our boat", "--file", str(picture))
    alice.do("send", "Bob", "nice?")
    shown = ""
    while "nice?" not in shown:
        shown += bob.do("receive", "--timeout", "0.3").out
    assert "not saved; graphchat history Alice --save DIR does" in shown
    assert "not saved; graphchat history Alice --save DIR does" in bob.do("history", "Alice").out
    image, text = bob.do("history", "Alice", "--save", str(folder), "--json").rows
    path = Path(image["file"])
    assert path == folder / f"{image['id']}.webp"
    assert "file" not in text
    with Image.open(path) as saved:
        assert saved.size == (300, 200)
    assert str(path) in bob.do("history", "Alice", "--save", str(folder)).out
    assert list(folder.iterdir()) == [path]
    # What was sent can be got out too.
    assert str(tmp_path / "out") in alice.do("history", "Bob", "--save", str(tmp_path / "out")).out


def test_only_pictures_that_are_shown_are_saved(pair: Pair, tmp_path: Path) -> None:
    alice, _ = pair
    picture, folder = tmp_path / "boat.png", tmp_path / "out"
    Image.new("RGB", (30, 20), "navy").save(picture)
    for caption in ("one", "two"):
        alice.do("send", "Bob", caption, "--file", str(picture))
    alice.do("history", "Bob", "--search", "two", "--save", str(folder))
    assert len(list(folder.iterdir())) == 1


def test_a_history_without_a_line_says_so(pair: Pair) -> None:
    alice, _ = pair
    assert alice.do("history", "Bob").err == "Nothing was said with Bob yet.\n"
    alice.do("send", "Bob", "hello")
    done = alice.do("history", "Bob", "--search", "zzz", "--json")
    assert (done.out, done.err) == ("", "No message with Bob contains 'zzz'.\n")

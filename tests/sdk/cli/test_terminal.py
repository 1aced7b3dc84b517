import re
from io import BytesIO
from unicodedata import category

import pytest
from hypothesis import given, strategies as st
from PIL import Image as Pillow

from graphchat.cli import terminal
from graphchat.cli.said import said
from graphchat.cli.terminal import Terminal
from graphchat.content import Image, Poll, Text
from graphchat.content.pictures import make_image

HERE = Terminal(60, colours=True)
# What is written here is colours and weights, and nothing else.
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def bare(text: str) -> str:
    return STYLE.sub("", text)


def test_commonmark_is_shown_as_it_is_meant() -> None:
    shown = said(Text("See you at *eight*\n\n- one\n- two"), look=HERE)
    assert "\x1b[3m" in shown
    lines = [line.strip() for line in bare(shown).split("\n")]
    assert lines == ["See you at eight", "", "• one", "• two"]
    assert said(Text("plain"), look=HERE) == "plain"
    assert said(Poll("?", ("a", "b")), look=HERE) == "(poll) ?\n    1) a\n    2) b"


def test_a_link_shows_where_it_leads() -> None:
    assert "evil.example" in bare(said(Text("[bank](https://evil.example)"), look=HERE))


@pytest.mark.parametrize(
    "text",
    [
        *("\x1b[2J", "&#27;[2J", "&#x1b;]0;title&#7;", "```\n\x1b[2J\n```", "`&#27;[31m`"),
        *("<b>\x07</b>", "[a](https://x/\x1b[2J)", "&#x202e;txt.exe", "a&#13;b", "\u2028x"),
    ],
)
def test_no_contact_gives_orders_to_the_terminal(text: str) -> None:
    shown = bare(said(Text(text), look=HERE))
    assert {category(char) for char in shown.replace("\n", "")}.isdisjoint({"Cc", "Zl", "Zp"})
    assert "\u202e" not in shown


@given(text=st.text(max_size=40))
def test_whatever_is_said_only_styles_are_written(text: str) -> None:
    first, *others = bare(said(Text(text), look=HERE)).split("\n")
    assert all(line.startswith("    ") for line in others)
    shown = "".join([first, *others]).replace("\t", "")
    assert {category(char) for char in shown}.isdisjoint({"Cc", "Zl", "Zp"})


def test_a_picture_is_drawn_where_there_are_colours() -> None:
    file = BytesIO()
    Pillow.new("RGB", (96, 48), "navy").save(file, "PNG")
    image = make_image(file.getvalue())
    lines = bare(said(image, "here", look=HERE)).split("\n")
    assert lines[0] == "(picture, 96 x 48, 1 KiB, here)"
    assert lines[1:] == ["    " + "▀" * 48] * 12
    assert "▀" not in said(image, "here", look=Terminal(60, colours=False))
    damaged = Image(b"no picture", "image/png", 3, 2)
    assert said(damaged, "here", look=HERE) == "(picture, 3 x 2, 1 KiB, here)"


def test_a_pipe_and_a_dumb_terminal_get_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Terminal.here() is None
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert Terminal.here() is None
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "3")
    monkeypatch.setenv("NO_COLOR", "1")
    assert Terminal.here() == Terminal(terminal.NARROWEST, colours=False)

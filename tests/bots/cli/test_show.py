from io import StringIO

import pytest
from rich.console import Console

from graphchat.content import Image, Text, Unknown
from graphchat_bots.cli.show import as_text, show
from graphchat_bots.examples.demo import draw
from graphchat_bots.reply import Reply, message_of


async def picture() -> Image:
    message = await message_of(Reply("look", image=draw(0)))
    assert isinstance(message, Image)
    return message


async def test_messages_become_plain_text() -> None:
    assert as_text(Text("two\nlines")) == "two\nlines"
    assert as_text(await picture()) == "[picture, 320 x 200 pixels] look"
    assert as_text(Unknown("poll", b"")) == "[not supported by this version]"


def test_a_bot_cannot_give_orders_to_the_terminal() -> None:
    assert "\x1b" not in as_text(Text("\x1b[2Jhello"))
    assert as_text(Text("[red]markup[/red]")) == "[red]markup[/red]"


async def test_a_picture_is_drawn_where_there_are_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = StringIO()
    console = Console(file=drawn, force_terminal=True, color_system="truecolor", width=100)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show(console, "bot", await picture())
    assert drawn.getvalue().count("▀") > 500


async def test_elsewhere_a_picture_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    written = StringIO()
    show(Console(file=written, width=100), "bot", await picture())
    assert written.getvalue() == "bot: [picture, 320 x 200 pixels] look\n"


async def test_a_broken_picture_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = StringIO()
    console = Console(file=drawn, force_terminal=True, width=100)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show(console, "bot", Image(b"no picture", "image/png", 4, 4))
    assert "[picture, 4 x 4 pixels]" in drawn.getvalue()

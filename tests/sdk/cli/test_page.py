import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from graphchat.cli.page import Page
from graphchat.client import Line
from graphchat.client.history import Ballot, Mark
from graphchat.content import Image, Message, Poll, Text, Unknown, Voice
from graphchat.ids import MessageId

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
NASTY = '<script>alert(1)</script> & "x" \' \x1b[31m\u202e </p></article><img src=x onerror=y>'


class Reader(HTMLParser):
    """Collects elements and their attributes, and checks that they end where they should."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def line(message: Message, **more: object) -> Line:
    values = {"sent_at": NOON, "state": "received", "outgoing": False, **more}
    return Line(MessageId(bytes(16)), message=message, position=1, **values)  # type: ignore[arg-type]


def written(*lines: Line, me: str = "Alice", other: str = "Bob") -> str:
    page = Page(me, other, NOON)
    return page.start() + "".join(map(page.line, lines)) + page.end()


SAFE = {"html", "head", "meta", "title", "style", "body", "header", "h1", "main", "h2"}
SAFE |= {"article", "p", "footer", "time", "img", "audio", "blockquote"}


@given(st.text(), st.text(max_size=50))
def test_nothing_that_was_written_becomes_a_part_of_the_page(text: str, name: str) -> None:
    page = written(line(Text(text.encode("utf-8", "replace").decode())), other=name)
    assert {tag for tag, _ in Reader(page).found} <= SAFE


@pytest.mark.parametrize(
    "message",
    [
        Text(NASTY),
        Image(b"\x89PNG", "image/png", 3, 2, b"", NASTY),
        Voice(b"OggS", 1_000),
        Poll(NASTY, ("<b>one", "two")),
        Unknown("strange", b""),
    ],
    ids=lambda message: type(message).__name__,
)
def test_no_kind_of_message_gets_out(message: Message) -> None:
    about = (Mark(outgoing=True, emoji=NASTY),)
    page = written(line(message, quote=NASTY, reactions=about, state=NASTY, outgoing=True))
    found = Reader(page).found
    assert {tag for tag, _ in found} <= SAFE
    assert not {name for _, attributes in found for name in attributes if name.startswith("on")}
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_page_asks_for_nothing_and_runs_nothing() -> None:
    page = written(line(Image(b"\x89PNG", "image/png", 3, 2)), line(Voice(b"OggS", 1_000)))
    [policy] = [
        attributes["content"] or ""
        for tag, attributes in Reader(page).found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    sources = [
        attributes["src"] or "" for _, attributes in Reader(page).found if "src" in attributes
    ]
    assert [source.partition(",")[0] for source in sources] == [
        "data:image/png;base64",
        "data:audio/ogg;base64",
    ]
    assert "url(" not in page


def test_each_day_has_one_heading() -> None:
    days = [NOON, NOON + timedelta(minutes=1), NOON + timedelta(days=2)]
    page = written(*(line(Text("hi"), sent_at=day) for day in days))
    assert [text[-10:] for text in re.findall("<h2>(.*?)</h2>", page)] == [
        f"{days[0].astimezone():%Y-%m-%d}",
        f"{days[2].astimezone():%Y-%m-%d}",
    ]


def test_what_was_said_about_a_message_is_there() -> None:
    poll = line(Poll("When?", ("eight", "nine")), votes=(Ballot(outgoing=True, options=(1,)),))
    ours = line(Text("hi"), outgoing=True, state="delivered", edited_at=NOON, read=True)
    page = written(poll, ours)
    assert "2) nine &lt;- Alice" in page
    assert "read · edited" in page

"""A conversation as a page of HTML that needs nothing else, and can do nothing.

Rule: all that anybody wrote passes by `escape`; the page forbids scripts and every request, to
the browser too (its Content-Security-Policy).
"""

from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime
from html import escape
from typing import Final

from graphchat.cli import said
from graphchat.cli.output import plain
from graphchat.client import Line
from graphchat.content import Image, Message, Text, Voice

_STYLE: Final = """
:root { color-scheme: light dark; --back: #f4f4f1; --text: #1c1c1a; --soft: #63635e;
  --ours: #d8ecd9; --theirs: #fff; --rule: #d5d5cf; }
@media (prefers-color-scheme: dark) { :root { --back: #171816; --text: #e9e9e4; --soft: #9d9d95;
  --ours: #24452f; --theirs: #272825; --rule: #3b3c38; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 3rem; background: var(--back);
  color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { margin: 1.8rem 0 .8rem; font-size: .85rem; font-weight: 600; color: var(--soft);
  text-align: center; }
header { border-bottom: 1px solid var(--rule); padding-bottom: .8rem; color: var(--soft); }
header h1 { color: var(--text); }
article { width: fit-content; max-width: 85%; margin: .35rem 0; padding: .5rem .75rem;
  border-radius: .9rem; background: var(--theirs); overflow-wrap: anywhere; }
article.ours { margin-left: auto; background: var(--ours); }
article p { margin: 0; white-space: pre-wrap; }
article footer { margin-top: .15rem; font-size: .75rem; color: var(--soft); }
blockquote { margin: 0 0 .3rem; padding-left: .6rem; border-left: 3px solid var(--soft);
  color: var(--soft); }
img { display: block; width: auto; height: auto; max-width: 100%; max-height: 32rem;
  border-radius: .5rem;
  margin: .1rem 0 .3rem; }
audio { display: block; max-width: 100%; }
.note { font-style: italic; color: var(--soft); }
@media print { body { background: #fff; color: #000; max-width: none; padding: 0; }
  article { border: 1px solid #999; break-inside: avoid; background: #fff; }
  audio { display: none; } h2 { break-after: avoid; } }
"""
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:;"
    " base-uri 'none'; form-action 'none'"
)
_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1>Written {now}; not encrypted.</header>
<main>
"""
_END: Final = "</main>\n</body>\n</html>\n"


class Page:
    """Renders lines one after the other, a heading before each day."""

    def __init__(self, me: str, other: str, now: datetime) -> None:
        self._names: Final = {True: me, False: other}
        self._now: Final = now
        self._day: date | None = None

    def start(self) -> str:
        title = escape(plain(f"{self._names[True]} and {self._names[False]}"))
        now = f"{self._now.astimezone():%Y-%m-%d %H:%M}"
        return _HEAD.format(policy=_POLICY, title=title, style=_STYLE, now=now)

    def line(self, line: Line) -> str:
        return "".join(self._parts(line))

    def end(self) -> str:
        return _END

    def _parts(self, line: Line) -> Iterator[str]:
        at = line.sent_at.astimezone()
        if at.date() != self._day:
            self._day = at.date()
            yield f"<h2>{at:%A, %Y-%m-%d}</h2>\n"
        yield '<article class="ours">' if line.outgoing else "<article>"
        if line.quote:
            yield f"<blockquote>{_text(line.quote)}</blockquote>"
        yield self._body(line)
        yield f"<footer>{_text(self._names[line.outgoing])} · "
        yield f'<time datetime="{line.sent_at.isoformat()}">{at:%H:%M}</time>'
        yield "".join(f" · {_text(note)}" for note in self._notes(line))
        yield "</footer></article>\n"

    def _body(self, line: Line) -> str:
        match line.message:
            case Text(text=text):
                return f"<p>{_text(text)}</p>"
            case Image() as image:
                caption = f"<p>{_text(image.caption)}</p>" if image.caption else ""
                size = f'width="{image.width}" height="{image.height}"'
                return f'<img src="{_data(image.mime, image.data)}" {size} alt="picture">{caption}'
            case Voice() as voice:
                return f'<audio controls src="{_data("audio/ogg", voice.data)}"></audio>'
            case message:
                return f'<p class="note">{_text(self._words(message, line))}</p>'

    def _words(self, message: Message, line: Line) -> str:
        votes: dict[int, list[str]] = {}
        for ballot in line.votes:
            for option in ballot.options:
                votes.setdefault(option, []).append(self._names[ballot.outgoing])
        return said.said(message, "", votes).replace("\n    ", "\n")

    def _notes(self, line: Line) -> Iterator[str]:
        if line.outgoing:
            yield "read" if line.read else line.state
        if line.edited_at is not None:
            yield "edited"
        for mark in line.reactions:
            yield f"{mark.emoji} {self._names[mark.outgoing]}"


def _text(text: str) -> str:
    return escape(plain(text, lines=True))


def _data(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{b64encode(data).decode()}"

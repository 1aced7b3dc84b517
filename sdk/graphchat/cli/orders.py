"""What a line in the chat does: it says something, or, behind a colon, does something else."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import typer

from graphchat.cli import asking
from graphchat.cli.options import span
from graphchat.client import Contact
from graphchat.content import Poll
from graphchat.errors import ContentError

HELP: Final = """\
:reply ID TEXT, :react ID EMOJI, :edit ID TEXT, :delete ID, :vote ID NUMBER ..., :choose ID OPTION
:file PATH, :get ID FOLDER, :disappear 1h or off
:ask QUESTION | ANSWER | ANSWER ... (buttons), :poll QUESTION | ANSWER | ANSWER ...
An ID is the beginning of a line, or last. A line that shall begin with a colon begins with two."""

Order = Callable[[Contact, str], Awaitable[object]]


async def obey(contact: Contact, line: str) -> str:
    """Do what ``line`` says; return what there is to tell, mostly nothing.

    Raises `GraphchatError`, and `OSError` for a file that cannot be read.
    """
    if not line.startswith(":"):
        await contact.post(line)
        return ""
    if line.startswith("::"):
        await contact.post(line[1:])
        return ""
    name, _, rest = line[1:].partition(" ")
    if name == "help":
        return HELP
    if name not in _ORDERS:
        raise ContentError(f"There is no :{name}. :help shows what there is.")
    await _ORDERS[name](contact, rest.strip())
    return ""


async def _reply(contact: Contact, rest: str) -> None:
    name, text = _two(rest, "reply ID TEXT")
    await contact.reply(await contact.find(name, outgoing=False), text, timeout=0)


async def _react(contact: Contact, rest: str) -> None:
    name, _, emoji = rest.partition(" ")
    await contact.react(await contact.find(name, outgoing=False), emoji.strip())


async def _edit(contact: Contact, rest: str) -> None:
    name, text = _two(rest, "edit ID TEXT")
    await contact.edit(await contact.find(name, outgoing=True), text)


async def _delete(contact: Contact, rest: str) -> None:
    await contact.delete(await contact.find(rest, outgoing=True))


async def _vote(contact: Contact, rest: str) -> None:
    name, *numbers = rest.split() or [""]
    if not all(number.isdecimal() and number != "0" for number in numbers):
        raise ContentError("Votes are the numbers of answers, from 1. Like this: :vote last 2")
    options = [int(number) - 1 for number in numbers if len(number) < 3]
    await contact.vote(await contact.find(name, outgoing=False), *options)


async def _choose(contact: Contact, rest: str) -> None:
    name, option = _two(rest, "choose ID OPTION")
    await contact.choose(await contact.find(name, outgoing=False), option)


async def _file(contact: Contact, rest: str) -> None:
    await contact.post(Path(rest).expanduser())  # noqa: ASYNC240 - reads no file


async def _get(contact: Contact, rest: str) -> None:
    name, _, folder = rest.partition(" ")
    target = Path(folder.strip() or ".").expanduser()  # noqa: ASYNC240 - reads no file
    await contact.fetch(await contact.find(name, outgoing=False), target)


async def _ask(contact: Contact, rest: str) -> None:
    question, *answers = _parts(rest, "ask QUESTION | YES | NO")
    await contact.post(asking.buttons(question, answers))


async def _poll(contact: Contact, rest: str) -> None:
    question, *answers = _parts(rest, "poll QUESTION | ANSWER | ANSWER")
    await contact.post(Poll(question, tuple(answers)))


async def _disappear(contact: Contact, rest: str) -> None:
    try:
        seconds = span(rest)
    except typer.BadParameter as error:
        raise ContentError(error.message) from None
    await contact.disappear(seconds)


_ORDERS: Final[Mapping[str, Order]] = MappingProxyType(
    {
        "reply": _reply,
        "react": _react,
        "edit": _edit,
        "delete": _delete,
        "vote": _vote,
        "choose": _choose,
        "file": _file,
        "get": _get,
        "ask": _ask,
        "poll": _poll,
        "disappear": _disappear,
    }
)


def _parts(rest: str, form: str) -> list[str]:
    parts = [part.strip() for part in rest.split("|")]
    if len(parts) < 2 or not all(parts):
        raise ContentError(f"Something is missing. Like this: :{form}")
    return parts


def _two(rest: str, form: str) -> tuple[str, str]:
    first, _, second = rest.partition(" ")
    if not second.strip():
        raise ContentError(f"Something is missing. Like this: :{form}")
    return first, second.strip()

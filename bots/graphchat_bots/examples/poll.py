"""A bot that lets the members of a group vote, and counts while they do."""

import re
from datetime import timedelta
from typing import Final

import msgspec

from graphchat_bots import Bot, Ctx, Message, Reply, Rest, Role, UserError, given

bot = Bot(
    "poll",
    about="I let people vote. Try /poll Tea or coffee? | tea | coffee",
    join="everybody",
)

MAX_OPTIONS: Final = 10
MAX_QUESTION: Final = 300
MAX_LABEL: Final = 60
# Of each option: a state of a chat has room for 64 KiB.
MAX_NAMES: Final = 25
MAX_NAME: Final = 30
BAR: Final = 10

USAGE: Final = (
    "I need a question and 2 to 10 answers: /poll Tea or coffee? | tea | coffee. In front of the"
    " question may stand a time (10m, 2h, 1d) after which it ends, and the word anonymous."
)
_HEAD: Final = re.compile(r"(?:(\d{1,3})([mhd])\s+)?(anonymous\s+)?", re.IGNORECASE)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


@bot.state(scope="chat")
class Poll(msgspec.Struct):
    """The poll of a chat. There is one at a time, so a number alone is a vote."""

    number: int = 0
    is_open: bool = False
    author: str = ""
    question: str = ""
    labels: list[str] = []
    counts: list[int] = []
    names: list[list[str]] = []
    """Who has voted for each option; nobody's if the poll is anonymous."""
    is_anonymous: bool = False
    board: bytes = b""
    """The message that shows the result."""


@bot.state
class Ballot(msgspec.Struct):
    """What one person has voted last: so everybody has one vote, however many vote."""

    poll: int = 0
    option: int = 0
    name: str = ""


@bot.command(name="poll")
async def begin(ctx: Ctx, poll: Poll, text: Rest) -> None:
    """Ask everybody here, for example /poll 10m anonymous Tea or coffee? | tea | coffee."""
    if poll.is_open:
        raise UserError("One poll at a time: /close ends the one that is open.")
    span, is_anonymous, question, labels = read(text)
    poll.number += 1
    poll.is_open, poll.author, poll.is_anonymous = True, ctx.sender.id, is_anonymous
    poll.question, poll.labels = question, labels
    poll.counts, poll.names = [0] * len(labels), [[] for _ in labels]
    # The ids of options name the poll: a button of an old one must not count for this one.
    options = [(f"{poll.number}-{index}", label) for index, label in enumerate(labels)]
    await ctx.send(Reply(question, choices=options))
    poll.board = (await ctx.send(result(poll))).id
    if span is not None:
        await ctx.later(span, end_in_time, poll.number)


@bot.message(lambda msg: msg.choice is not None)
async def press(ctx: Ctx, msg: Message, poll: Poll, ballot: Ballot) -> str | None:
    """Count a button, a reaction, or the first answer in words: each is a choice."""
    number, _, option = (msg.choice or "").partition("-")
    if not poll.is_open or number != str(poll.number):
        # In a group nobody wants to read that again and again.
        return None if msg.group else "That poll is closed."
    await count(ctx, poll, ballot, int(option))
    return None


@bot.message(lambda msg: msg.text.strip().isdecimal())
async def say_number(ctx: Ctx, msg: Message, poll: Poll, ballot: Ballot) -> None:
    """Count a number that the second and all later people type: it answers no open question."""
    option = int(msg.text) - 1
    if poll.is_open and 0 <= option < len(poll.labels):
        await count(ctx, poll, ballot, option)


@bot.command(name="close")
async def end(ctx: Ctx, poll: Poll) -> str | None:
    """End the poll that you have begun."""
    if not poll.is_open:
        raise UserError("There is no poll that is open.")
    if ctx.sender.id != poll.author and ctx.sender.role < Role.MODERATOR:
        raise UserError("Only who has begun a poll ends it, or a moderator.")
    return await finish(ctx, poll)


@bot.job
async def end_in_time(ctx: Ctx, number: int, *, poll: Poll = given()) -> str | None:
    # It may be closed already, and another one be open.
    return await finish(ctx, poll) if poll.is_open and poll.number == number else None


async def count(ctx: Ctx, poll: Poll, ballot: Ballot, option: int) -> None:
    """Count a vote in the place of an earlier one, and show it in the same message as before."""
    if ballot.poll == poll.number:
        poll.counts[ballot.option] -= 1
        if ballot.name in poll.names[ballot.option]:
            poll.names[ballot.option].remove(ballot.name)
    ballot.poll, ballot.option, ballot.name = poll.number, option, ctx.sender.name[:MAX_NAME]
    poll.counts[option] += 1
    if not poll.is_anonymous and len(poll.names[option]) < MAX_NAMES:
        poll.names[option].append(ballot.name)
    await ctx.sent(poll.board).edit(result(poll))


async def finish(ctx: Ctx, poll: Poll) -> str:
    poll.is_open = False
    await ctx.sent(poll.board).edit("The poll is closed.")
    return result(poll)


def read(text: str) -> tuple[timedelta | None, bool, str, list[str]]:
    """Return time, whether it is anonymous, question and answers. Raises `UserError`."""
    head = _HEAD.match(text)
    assert head is not None  # all of it may be missing
    span = timedelta(**{_UNITS[head[2].lower()]: int(head[1])}) if head[1] else None
    question, *labels = (part.strip() for part in text[head.end() :].split("|"))
    fits = 2 <= len(labels) <= MAX_OPTIONS and len(question) <= MAX_QUESTION
    if not question or not fits or not all(0 < len(label) <= MAX_LABEL for label in labels):
        raise UserError(USAGE)
    if len({label.casefold() for label in labels}) < len(labels):
        raise UserError("Two answers are the same.")
    return span, head[3] is not None, question, labels


def result(poll: Poll) -> str:
    """Say how it stands: a bar for each answer."""
    total = sum(poll.counts)
    lines = [f"**{poll.question}** {total} vote{'' if total == 1 else 's'}"]
    for label, count, names in zip(poll.labels, poll.counts, poll.names, strict=True):
        filled = round(BAR * count / total) if total else 0
        who = f" ({', '.join(names)}{', …' if len(names) < count else ''})" if names else ""
        lines.append(f"- `{'█' * filled}{'░' * (BAR - filled)}` {label}: {count}{who}")
    return "\n".join(lines)


if __name__ == "__main__":
    bot.run()

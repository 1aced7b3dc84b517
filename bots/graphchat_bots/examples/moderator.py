"""A bot that keeps a group in order: links, floods, newcomers that are programs, warnings."""

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from secrets import choice
from typing import Final
from urllib.parse import urlsplit

import msgspec

from graphchat_bots import (
    Bot,
    Ctx,
    Event,
    Message,
    Next,
    Reply,
    Rest,
    Role,
    Sender,
    UserError,
    given,
)
from graphchat_bots.port import MODERATORS

bot = Bot("moderator", about="Make me a moderator of your group, and I keep it in order.")

# A state of a chat has room for 64 KiB, one of the bot for 1 MiB.
MAX_WARNED: Final = 500
MAX_LINES: Final = 500
MAX_NAME: Final = 30

_LINK: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[^\s<>()\"']+", re.IGNORECASE)
_ANIMALS: Final = ("cat", "dog", "horse", "owl", "whale", "bee")


@dataclass(frozen=True)
class Rules:
    """What is allowed. Tests and other groups provide others."""

    domains: frozenset[str] = frozenset()
    """Links to these, and to what is below them, are no offence."""
    posts: int = 8
    """So many posts of one member within `span` are a flood."""
    span: timedelta = timedelta(seconds=10)
    strikes: int = 3
    silence: timedelta = timedelta(days=1)
    """How long somebody is muted after so many strikes."""
    patience: timedelta = timedelta(minutes=5)
    """How long a newcomer may take to answer."""


@bot.provide
def rules() -> Rules:
    return Rules(frozenset(os.environ.get("MODERATOR_DOMAINS", "").casefold().split()))


@bot.state
class Pace(msgspec.Struct):
    """When a member has posted lately, in seconds since 1970."""

    times: list[float] = []


@bot.state
class Captcha(msgspec.Struct):
    """What a newcomer is asked; without an answer nobody is being asked."""

    number: int = 0
    answer: str = ""
    question: bytes = b""


@bot.state(scope="chat")
class Record(msgspec.Struct):
    """Strikes of the members of a group: moderators give them to others, so they are here."""

    strikes: dict[str, int] = {}


@bot.state(scope="bot")
class Logbook(msgspec.Struct):
    """What the bot has done in all groups, for its admins."""

    lines: list[str] = []


@bot.middleware
async def guard(  # noqa: PLR0913, PLR0917 - each is given by its type
    ctx: Ctx,
    event: Event,
    call_next: Next,
    pace: Pace,
    captcha: Captcha,
    record: Record,
    law: Rules,
) -> str | None:
    """Look at everything that members say: also at commands, and at what a post says now."""
    msg = ctx.message
    if msg is None or msg.group is None or msg.sender.role >= Role.MODERATOR:
        await call_next(event)
        return None
    if captcha.answer:
        return await judge(ctx, msg, captcha)
    offence = "link" if has_link(msg.text, law.domains) else ""
    if event.kind == "message" and is_flood(pace, ctx.now().timestamp(), law):
        offence = "flood"
    if not offence or not (await ctx.group()).moderates:
        await call_next(event)
        return None
    await msg.delete(reason=offence)
    return await strike(ctx, msg.sender, offence, record, law)


async def strike(ctx: Ctx, member: Sender, offence: str, record: Record, law: Rules) -> str:
    """Warn somebody; after some warnings they are muted, and begin anew."""
    count = record.strikes.pop(member.id, 0) + 1
    await log(ctx, f"{member.name[:MAX_NAME]}: {offence}, strike {count}")
    if count >= law.strikes:
        await member.mute(law.silence)
        return f"{member.name}: {offence}. You are muted for a while."
    record.strikes[member.id] = count
    while len(record.strikes) > MAX_WARNED:
        del record.strikes[next(iter(record.strikes))]  # the oldest
    return f"{member.name}: {offence}. This is warning {count} of {law.strikes}."


def has_link(text: str, domains: frozenset[str]) -> bool:
    """Say whether there is a link to anything but ``domains``."""
    return any(not is_allowed(link, domains) for link in _LINK.findall(text))


def is_allowed(link: str, domains: frozenset[str]) -> bool:
    # Browsers take a backslash for a slash: http://evil.example\@good.example is no good one.
    link = link.replace("\\", "/")
    try:
        host = urlsplit(link if "://" in link else f"http://{link}").hostname or ""
    except ValueError:
        return False
    parts = host.rstrip(".").split(".")
    return any(".".join(parts[index:]) in domains for index in range(len(parts)))


def is_flood(pace: Pace, now: float, law: Rules) -> bool:
    recent = [time for time in pace.times if now - time < law.span.total_seconds()]
    pace.times = [*recent, now][-law.posts :]
    return len(pace.times) >= law.posts


# Newcomers


@bot.member()
async def greet(ctx: Ctx, event: Event, captcha: Captcha, law: Rules) -> None:
    """Ask who comes in something that programs do not answer."""
    captcha.answer = ""
    if event.kind != "joined" or event.sender.is_bot or not (await ctx.group()).moderates:
        return
    captcha.number += 1
    captcha.answer = choice(_ANIMALS)
    text = f"Welcome, {event.sender.name}. Please press the {captcha.answer}."
    captcha.question = (await ctx.send(Reply(text, choices=_ANIMALS))).id
    await ctx.later(law.patience, end_patience, captcha.number)


async def judge(ctx: Ctx, msg: Message, captcha: Captcha) -> str | None:
    """Let in who answers, and remove who is wrong; what else they say nobody reads."""
    said = (msg.choice or msg.text).strip().casefold()
    await msg.delete(reason="captcha")
    if said not in _ANIMALS:
        return None
    is_right = said == captcha.answer
    captcha.answer = ""
    await ctx.sent(captcha.question).delete()
    if is_right:
        return f"{msg.sender.name} is one of us."
    await msg.sender.remove()
    await log(ctx, f"{msg.sender.name[:MAX_NAME]}: removed, wrong answer")
    return None


@bot.job
async def end_patience(ctx: Ctx, number: int, *, captcha: Captcha = given()) -> None:
    # Who left and came back is asked something else, and has time again.
    if captcha.answer and captcha.number == number:
        captcha.answer = ""
        await ctx.sent(captcha.question).delete()
        await ctx.sender.remove()
        await log(ctx, f"{ctx.sender.name[:MAX_NAME]}: removed, no answer")


# What moderators say. In a group, who moderates it is one.


@bot.command(role=Role.MODERATOR)
async def warn(ctx: Ctx, name: Rest, record: Record, law: Rules) -> str:
    """Give somebody a strike, for example /warn @Ben."""
    return await strike(ctx, await member_called(ctx, name), "warned", record, law)


@bot.command(role=Role.MODERATOR)
async def mute(ctx: Ctx, span: timedelta, name: Rest) -> str:
    """Let nobody hear somebody for a time, for example /mute 1h @Ben."""
    if span <= timedelta():
        raise UserError("For how long? For example /mute 1h @Ben.")
    member = await member_called(ctx, name)
    await member.mute(span)
    return await done(ctx, member, "muted")


@bot.command(role=Role.MODERATOR)
async def unmute(ctx: Ctx, name: Rest) -> str:
    """Let somebody be heard again."""
    member = await member_called(ctx, name)
    await member.unmute()
    return await done(ctx, member, "unmuted")


@bot.command(role=Role.MODERATOR)
async def kick(ctx: Ctx, name: Rest) -> str:
    """Remove somebody, who may come again."""
    member = await member_called(ctx, name)
    await member.remove()
    return await done(ctx, member, "removed")


@bot.command(role=Role.MODERATOR)
async def ban(ctx: Ctx, name: Rest) -> str:
    """Remove somebody for good."""
    member = await member_called(ctx, name)
    await member.ban()
    return await done(ctx, member, "banned")


async def member_called(ctx: Ctx, name: str) -> Sender:
    """Return the one member of this name. Raises `UserError`."""
    if ctx.event.group is None:
        raise UserError("Say that in the group.")
    group = await ctx.group()
    if not group.moderates:
        raise UserError("First make me a moderator of this group.")
    found = [each for each in group.members if folded(each.name) == folded(name)]
    if len(found) != 1:
        # Names are not unique: the wrong one must not be hit.
        raise UserError(f"{len(found) or 'None'} of the members have this name.")
    if found[0].role in MODERATORS:
        raise UserError("I do nothing to moderators.")
    return ctx.sender_of(found[0])


def folded(name: str) -> str:
    return "".join(name.split()).removeprefix("@").casefold()


async def done(ctx: Ctx, member: Sender, what: str) -> str:
    await log(ctx, f"{member.name[:MAX_NAME]}: {what} by {ctx.sender.name[:MAX_NAME]}")
    return f"{member.name} is {what}."


# The log


async def log(ctx: Ctx, what: str) -> None:
    # A job of its own: else everything that is said in a group would read and lock the logbook.
    group = ctx.event.group
    where = group.name[:MAX_NAME] if group else ""
    await ctx.later(timedelta(), note_down, f"{ctx.now():%Y-%m-%d %H:%M} {where}: {what}")


@bot.job
async def note_down(ctx: Ctx, line: str, *, logbook: Logbook = given()) -> None:
    logbook.lines = [*logbook.lines, line][-MAX_LINES:]


@bot.command(name="log", role=Role.ADMIN)
async def show_log(ctx: Ctx, logbook: Logbook) -> str:
    """Show what was done last, in a chat of two."""
    if ctx.event.group is not None:
        raise UserError("Ask me in a chat of two.")
    return "\n".join(f"- {line}" for line in logbook.lines[-20:]) or "Nothing was done yet."


if __name__ == "__main__":
    bot.run()

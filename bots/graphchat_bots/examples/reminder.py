"""Reminds people of things, once or again and again. It survives restarts by itself."""

from datetime import datetime, timedelta

import msgspec

from graphchat_bots import Bot, Ctx, Message, Reply, Rest, UserError, given

bot = Bot("reminder", about="I remind you of things. Say /remind 5m tea, or /help.")

SHORTEST_REPEAT = timedelta(minutes=1)
# A list that people still read, and that fits into the state.
MOST = 50
LONGEST_TEXT = 500


class Reminder(msgspec.Struct):
    number: int
    text: str
    due: datetime
    every: timedelta | None = None


@bot.state
class Reminders(msgspec.Struct):
    """Those of one sender. The job only brings a number: whether it still counts is said here."""

    waiting: list[Reminder] = msgspec.field(default_factory=list)
    last: int = 0

    def find(self, number: int) -> Reminder | None:
        return next((each for each in self.waiting if each.number == number), None)


@bot.command(aliases=["r"], limit="20/min")
async def remind(ctx: Ctx, mine: Reminders, when: timedelta, text: Rest) -> str:
    """Remind you of something, for example /remind 5m tea."""
    await add(ctx, mine, when, text)
    return f"OK, in {spoken(when)}."


@bot.command(limit="20/min")
async def every(ctx: Ctx, mine: Reminders, span: timedelta, text: Rest) -> str:
    """Remind you again and again, for example /every 1d water the flowers."""
    if span < SHORTEST_REPEAT:
        raise UserError("Not more often than once a minute.")
    await add(ctx, mine, span, text, span)
    return f"OK, every {spoken(span)}. /reminders ends it."


@bot.command()
async def reminders(mine: Reminders) -> Reply | str:
    """Show what you are going to be reminded of, and cancel it."""
    if not mine.waiting:
        return "There is nothing on my list."
    lines = [f"#{each.number} {each.due:%Y-%m-%d %H:%M} UTC: {each.text}" for each in mine.waiting]
    # The id of a button says which reminder it is: in `forget` its label does not matter.
    buttons = [(f"forget {each.number}", f"Cancel #{each.number}") for each in mine.waiting[:20]]
    return Reply("\n".join(lines), choices=buttons)


@bot.command()
async def forget(mine: Reminders, number: int) -> str:
    """Cancel a reminder by its number."""
    found = mine.find(number)
    if found is None:
        raise UserError(f"There is no reminder #{number}. /reminders shows them.")
    mine.waiting.remove(found)
    return f"#{number} is cancelled."


@bot.message(lambda msg: (msg.choice or "").startswith("forget "))
async def press(msg: Message, mine: Reminders) -> str:
    return await forget(mine, int((msg.choice or "").removeprefix("forget ")))


@bot.message()
async def explain() -> str:
    return "Say /remind 5m tea, /every 1d flowers, or /reminders."


@bot.job
async def ring(ctx: Ctx, number: int, *, mine: Reminders = given()) -> str | None:
    found = mine.find(number)
    if found is None:
        return None  # cancelled meanwhile
    if found.every is None:
        mine.waiting.remove(found)
    else:
        # After a pause of the bot the next one is in the future, and not all that were missed.
        while found.due <= ctx.now():
            found.due += found.every
        await ctx.later(found.due - ctx.now(), ring, number)
    return f"Reminder: {found.text}"


async def add(
    ctx: Ctx, mine: Reminders, when: timedelta, text: str, every: timedelta | None = None
) -> None:
    if len(mine.waiting) >= MOST:
        raise UserError(f"There are {MOST} reminders on my list. Cancel some: /reminders")
    if len(text) > LONGEST_TEXT:
        raise UserError(f"At most {LONGEST_TEXT} characters, please.")
    mine.last += 1
    mine.waiting.append(Reminder(mine.last, text, ctx.now() + when, every))
    # Stored in one transaction with the state and the answer.
    await ctx.later(when, ring, mine.last)


def spoken(span: timedelta) -> str:
    """Say a time in words."""
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' * (count > 1)}"
    return f"{seconds} second{'s' * (seconds != 1)}"


if __name__ == "__main__":
    bot.run()

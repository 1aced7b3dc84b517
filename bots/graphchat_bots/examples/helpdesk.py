"""A bot between people who ask and agents who answer: neither side learns who the other is."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final, Literal

import msgspec

from graphchat.content import Image
from graphchat.errors import ContentError
from graphchat_bots import Bot, Ctx, Form, Limits, Message, Q, Reply, Rest, Role, UserError

# Files pass through the memory of the bot, so that nobody sees the relay of the other side.
MAX_FILE: Final = 8 * 2**20
# What is one for the whole bot has room for 1 MiB.
MAX_OPEN: Final = 50
MAX_CLOSED: Final = 200
MAX_NOTES: Final = 5
MAX_NOTE: Final = 500

bot = Bot(
    "helpdesk",
    about="Write to me, and somebody will help you.",
    join="nobody",
    limits=Limits(max_file=MAX_FILE),
)

Urgency = Literal["low", "normal", "high"]


class Request(Form):
    """What is asked of somebody who needs help."""

    topic: Annotated[str, Q("What is it about, in a few words?", max_length=80)]
    urgency: Annotated[Urgency, Q("How urgent is it?")]
    description: Annotated[str, Q("Please describe it.", max_length=1_000)]


class Ticket(msgspec.Struct):
    """What somebody needs help with."""

    number: int
    person: str
    """Their chat. Nobody but the bot ever sees it."""
    topic: str
    urgency: Urgency
    description: str
    agent: str = ""
    """The chat of who takes care of it; empty: it waits."""
    is_open: bool = True
    notes: list[str] = []
    """What the person has said while it waits."""


@bot.state(scope="bot")
class Desk(msgspec.Struct):
    """All tickets, and the agents on duty.

    If two agents take a ticket at the same moment, the bot stores what the first has done, and
    lets the handler of the second run again: it finds the ticket taken.
    """

    count: int = 0
    tickets: dict[int, Ticket] = {}
    agents: dict[str, str] = {}
    """The names that agents have given themselves, by their chats."""


# For people who need help


@bot.message()
async def write(ctx: Ctx, msg: Message, desk: Desk) -> str | None:
    """Pass on what a person says, or begin a ticket."""
    ticket = ticket_of(desk, ctx.chat)
    if ticket is None:
        await ctx.send("Hello! Somebody will help you. /cancel ends my questions.")
        return await register(ctx, desk)
    if not ticket.is_open:
        return await reopen(ctx, desk, ticket, msg)
    if is_agent(ctx, desk, ticket.agent):
        await pass_on(ctx, msg, to=ticket.agent)
        return None
    if ticket.agent:  # their role was taken back meanwhile
        ticket.agent = ""
        await offer(ctx, desk, ticket)
    return note(ticket, msg)


@bot.command()
async def new(ctx: Ctx, desk: Desk) -> str:
    """Ask for help with something else."""
    if ctx.sender.role >= Role.MODERATOR:
        raise UserError("You help others here.")
    ticket = ticket_of(desk, ctx.chat)
    if ticket is not None and ticket.is_open:
        raise UserError(f"Ticket {ticket.number} is still open. Say /close if it is done.")
    return await register(ctx, desk)


async def register(ctx: Ctx, desk: Desk) -> str:
    check_room(desk)
    request = await ctx.fill(Request)
    # What follows runs after the last answer; `desk` holds what others have done meanwhile.
    check_room(desk)
    desk.count += 1
    ticket = Ticket(
        desk.count, ctx.chat, request.topic, request.urgency, request.description.strip()
    )
    desk.tickets[ticket.number] = ticket
    forget_old(desk)
    await offer(ctx, desk, ticket)
    return f"Thank you. This is ticket {ticket.number}; somebody will write to you here."


async def reopen(ctx: Ctx, desk: Desk, ticket: Ticket, msg: Message) -> str:
    check_room(desk)
    ticket.is_open = True
    await offer(ctx, desk, ticket)
    return f"Ticket {ticket.number} is open again. {note(ticket, msg)}"


def note(ticket: Ticket, msg: Message) -> str:
    """Keep what is said to nobody yet."""
    if not msg.text or msg.file is not None or isinstance(msg.content, Image):
        return "Nobody is there yet. Please keep pictures and files until somebody answers."
    if len(ticket.notes) >= MAX_NOTES or len(msg.text) > MAX_NOTE:
        return "That is more than I can keep. Please wait until somebody answers."
    ticket.notes.append(msg.text)
    return "Nobody is there yet. I will pass this on."


# For agents


@bot.command(role=Role.MODERATOR)
async def duty(ctx: Ctx, desk: Desk, name: str) -> str:
    """Begin to work under a name that people will see, for example /duty Kim."""
    taken = {each.casefold() for chat, each in desk.agents.items() if chat != ctx.chat}
    if name.casefold() in taken or len(name) > 30:
        raise UserError("Somebody has this name, or it is longer than 30 characters.")
    desk.agents[ctx.chat] = name
    waiting = sum(ticket.is_open and not ticket.agent for ticket in desk.tickets.values())
    return f"Welcome, {name}. Waiting tickets: {waiting}. Say /tickets to see them."


@bot.command(role=Role.MODERATOR)
async def off(ctx: Ctx, desk: Desk) -> str:
    """End your work: no more tickets are offered to you."""
    if (ticket := work_of(desk, ctx.chat)) is not None:
        raise UserError(f"First /close ticket {ticket.number}, or /hand it to somebody.")
    desk.agents.pop(ctx.chat, None)
    return "Good bye."


@bot.command(role=Role.MODERATOR)
async def tickets(ctx: Ctx, desk: Desk) -> str:
    """List the open tickets."""
    lines = []
    for ticket in desk.tickets.values():
        if ticket.is_open:
            held = is_agent(ctx, desk, ticket.agent)
            who = f"with {desk.agents[ticket.agent]}" if held else "waits"
            lines.append(f"- {ticket.number}: {ticket.topic} ({ticket.urgency}), {who}")
    return "\n".join(lines) or "No ticket is open."


@bot.command(role=Role.MODERATOR)
async def take(ctx: Ctx, desk: Desk, number: int) -> str:
    """Take a ticket, for example /take 7; then you talk with the person."""
    if ctx.chat not in desk.agents:
        raise UserError("First say under which name you work, for example /duty Kim.")
    ticket = desk.tickets.get(number)
    if ticket is None or not ticket.is_open or is_agent(ctx, desk, ticket.agent):
        raise UserError(f"Ticket {number} does not wait (any more).")
    if (mine := work_of(desk, ctx.chat)) is not None:
        # What agents say goes to the person of their one ticket, never to a wrong one.
        raise UserError(f"First /close ticket {mine.number}, or /hand it to somebody.")
    return await assign(ctx, desk, ticket, ctx.chat)


@bot.message(lambda msg: (msg.choice or "").startswith("take-"))
async def press_take(ctx: Ctx, msg: Message, desk: Desk) -> str:
    """Take a ticket by its button. Only agents were offered one, but roles may be taken back."""
    if ctx.sender.role < Role.MODERATOR:
        raise UserError("You are no agent any more.")
    return await take(ctx, desk, int((msg.choice or "").removeprefix("take-")))


@bot.command(role=Role.MODERATOR)
async def hand(ctx: Ctx, desk: Desk, number: int, name: Rest) -> str:
    """Hand your ticket over, for example /hand 7 Robin."""
    ticket = work_of(desk, ctx.chat)
    if ticket is None or ticket.number != number:
        raise UserError(f"Ticket {number} is not yours.")
    chats = {each.casefold(): chat for chat, each in desk.agents.items()}
    other = chats.get(name.casefold(), "")
    if not is_agent(ctx, desk, other) or work_of(desk, other) is not None:
        free = [desk.agents[chat] for chat in on_duty(ctx, desk) if not work_of(desk, chat)]
        raise UserError(f"Nobody of this name is free. Free: {', '.join(free) or 'nobody'}.")
    await ctx.send(await assign(ctx, desk, ticket, other), to=other)
    return f"Ticket {number} is with {desk.agents[other]} now."


@bot.message(lambda msg: msg.sender.role >= Role.MODERATOR)
async def answer(ctx: Ctx, msg: Message, desk: Desk) -> str | None:
    """Pass on what an agent says."""
    ticket = work_of(desk, ctx.chat)
    if ticket is None:
        return "You talk with nobody. Say /tickets, and /take one."
    await pass_on(ctx, msg, to=ticket.person, name=desk.agents.get(ctx.chat, ""))
    return None


@bot.command()
async def close(ctx: Ctx, desk: Desk) -> str:
    """Close your ticket."""
    ticket = work_of(desk, ctx.chat) or ticket_of(desk, ctx.chat)
    if ticket is None or not ticket.is_open:
        raise UserError("You have no open ticket.")
    other = ticket.agent if ctx.chat == ticket.person else ticket.person
    # Who was the agent is forgotten, so that nothing that is said later reaches them.
    ticket.is_open, ticket.agent, ticket.notes, ticket.description = False, "", [], ""
    text = f"Ticket {ticket.number} is closed."
    again = "Write again, and it is open again."
    if other:
        await ctx.send(text if other != ticket.person else f"{text} {again}", to=other)
    return text if ctx.chat != ticket.person else f"{text} {again}"


# What both sides need


async def offer(ctx: Ctx, desk: Desk, ticket: Ticket) -> None:
    """Tell all agents of a ticket; who talks with nobody gets a button."""
    text = f"Ticket {ticket.number} ({ticket.urgency}): {ticket.topic}"
    for chat in on_duty(ctx, desk):
        # A button can be pressed by saying "1", which the others may be saying to a person.
        if work_of(desk, chat) is None:
            question = Reply(text, choices=[(f"take-{ticket.number}", "Take it")])
            await ctx.send(question, to=chat)
        else:
            await ctx.send(f"{text}. Later: /take {ticket.number}", to=chat)


async def assign(ctx: Ctx, desk: Desk, ticket: Ticket, chat: str) -> str:
    """Let an agent talk with the person; return what they have to know."""
    ticket.agent = chat
    await ctx.send(f"You talk with {desk.agents[chat]} now.", to=ticket.person)
    told = [f"Ticket {ticket.number} is yours: {ticket.topic}", ticket.description]
    told += ticket.notes
    ticket.notes = []
    return "\n\n".join([*filter(None, told), "What you write now goes to the person."])


async def pass_on(ctx: Ctx, msg: Message, *, to: str, name: str = "") -> None:
    """Say in another chat what was said here: made anew, so it tells nothing of its sender."""
    prefix = f"{name}: " if name else ""
    try:
        if isinstance(msg.content, Image):
            await ctx.send(Reply(f"{prefix}{msg.text}", image=msg.content.data), to=to)
        elif msg.file is not None:
            with TemporaryDirectory() as folder:
                data = (await msg.download(Path(folder))).read_bytes()
            text = f"{prefix}{msg.file.description}"
            await ctx.send(Reply(text, file=data, name=msg.file.name), to=to)
        elif msg.text:
            await ctx.send(f"{prefix}{msg.text}", to=to)
        else:
            raise UserError("I can pass on texts, pictures and files.")
    except ContentError:
        raise UserError("I cannot pass this on: it is too long, or a broken picture.") from None


def ticket_of(desk: Desk, person: str) -> Ticket | None:
    """Return the newest ticket of a person."""
    return next((t for t in reversed(desk.tickets.values()) if t.person == person), None)


def work_of(desk: Desk, agent: str) -> Ticket | None:
    """Return the ticket that an agent takes care of."""
    return next((t for t in desk.tickets.values() if t.is_open and t.agent == agent), None)


def is_agent(ctx: Ctx, desk: Desk, chat: str) -> bool:
    """Say whether somebody is on duty, and still may be: roles can be taken back."""
    return chat in desk.agents and ctx.role_of(chat) >= Role.MODERATOR


def on_duty(ctx: Ctx, desk: Desk) -> list[str]:
    return [chat for chat in desk.agents if is_agent(ctx, desk, chat)]


def check_room(desk: Desk) -> None:
    if sum(ticket.is_open for ticket in desk.tickets.values()) >= MAX_OPEN:
        raise UserError("Too many people are waiting. Please try again later.")


def forget_old(desk: Desk) -> None:
    closed = [number for number, ticket in desk.tickets.items() if not ticket.is_open]
    for number in closed[:-MAX_CLOSED]:
        del desk.tickets[number]


if __name__ == "__main__":
    bot.run()

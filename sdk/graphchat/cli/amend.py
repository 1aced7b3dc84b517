"""Saying something about what was said: edits, deletions, reactions, votes, answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from graphchat.cli import home, output
from graphchat.cli.errors import WrongUsageError
from graphchat.cli.messages import deliver
from graphchat.cli.options import Json, WhichMessage, Who, span
from graphchat.errors import ContentError

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, OwnProfile, Receipt
    from graphchat.content.forms import FormField, Value
    from graphchat.ids import MessageId

Say = Callable[["Contact", "MessageId"], Awaitable["Receipt"]]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog='Example: graphchat edit Bob last "See you at nine"')(edit)
    app.command(epilog="Example: graphchat delete Bob 1f3a")(delete)
    app.command(epilog="Example: graphchat react Bob last 👍")(react)
    app.command(epilog="Example: graphchat vote Bob last 2")(vote)
    app.command(epilog="Example: graphchat choose Bob last 1")(choose)
    app.command(epilog="Example: graphchat answer Bob last name=Alice seats=2")(answer)
    app.command(epilog="Example: graphchat read Bob")(read)
    app.command(epilog="Example: graphchat disappear Bob 1d")(disappear)


def edit(
    ctx: typer.Context,
    name: Who,
    message: WhichMessage,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What it is to say.")],
    as_json: Json = False,
) -> None:
    """Say something else in a message of yours: a text, or the caption of a picture.

    Both sides show that it was edited. Proofs still show what was there first.
    """
    if not text.strip():
        raise ContentError("Nothing is left of the text. To delete it: graphchat delete")
    _say(ctx, name, message, lambda who, id_: who.edit(id_, text), outgoing=True, as_json=as_json)


def delete(
    ctx: typer.Context,
    name: Who,
    message: WhichMessage,
    here: Annotated[
        bool, typer.Option("--here", help="Only on this side; it may be theirs, too.")
    ] = False,
) -> None:
    """Delete a message of yours on both sides; what was there cannot be got back.

    The other side's program forgets it when it hears of it. A person there may have kept it.
    """

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        wanted = await contact.find(message, outgoing=None if here else True)
        await contact.delete(wanted, local_only=here)
        output.say(f"The message {wanted.hex()[:8]} is deleted{' here' if here else ''}.")
        await home.in_time(contact.flushed(), home.SETTLE)

    home.run_as(ctx, work)


def react(
    ctx: typer.Context,
    name: Who,
    message: WhichMessage,
    emoji: Annotated[
        str, typer.Argument(metavar="EMOJI", help="One emoji; left out, yours is taken back.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Answer a message by one emoji, instead of an earlier one."""
    _say(ctx, name, message, lambda who, id_: who.react(id_, emoji), as_json=as_json)


def vote(
    ctx: typer.Context,
    name: Who,
    message: WhichMessage,
    options: Annotated[
        list[int] | None,
        typer.Argument(metavar="NUMBER...", min=1, help="As the poll shows them; none: no vote."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Vote in a poll, instead of an earlier vote."""
    numbers = [number - 1 for number in options or []]
    _say(ctx, name, message, lambda who, id_: who.vote(id_, *numbers), as_json=as_json)


def choose(
    ctx: typer.Context,
    name: Who,
    message: WhichMessage,
    option: Annotated[
        str, typer.Argument(metavar="OPTION", help="Its number, as it is shown, or its id.")
    ],
    as_json: Json = False,
) -> None:
    """Press one of the buttons below a question, such as a bot's."""
    _say(ctx, name, message, lambda who, id_: who.choose(id_, option), as_json=as_json)


def answer(
    ctx: typer.Context,
    name: Who,
    message: WhichMessage,
    values: Annotated[
        list[str], typer.Argument(metavar="FIELD=VALUE...", help="The fields that it asks for.")
    ],
    as_json: Json = False,
) -> None:
    """Fill in a form."""
    pairs = dict(_pair(each) for each in values)

    async def fill(contact: "Contact", id_: "MessageId") -> "Receipt":
        from graphchat.content import Form

        found = (await contact.line(id_)).message
        fields = {field.name: field for field in found.fields} if isinstance(found, Form) else {}
        filled: Mapping[str, Value] = {
            key: _value(fields[key], text) if key in fields else text
            for key, text in pairs.items()
        }
        return await contact.answer_form(id_, filled)

    _say(ctx, name, message, fill, as_json=as_json)


def read(ctx: typer.Context, name: Who) -> None:
    """Note that you have read everything of a contact.

    The contact learns it only if both of you have indicators on: graphchat profile edit.
    """

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        await contact.read()
        await home.in_time(contact.flushed(), home.SETTLE)

    home.run_as(ctx, work)


def disappear(
    ctx: typer.Context,
    name: Who,
    after: Annotated[
        int | None,
        typer.Argument(parser=span, metavar="TIME", help="Such as 30m, 1h, 7d, or off."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Have new messages of both sides deleted after some time, on both sides; or show it.

    The time begins when a message is sent for who says it, and when it arrives for who hears
    it. What was said before stays. Nobody can be kept from copying what he sees.
    """

    async def work(client: "Client", profile: "OwnProfile") -> None:
        from graphchat.cli.said import lasting

        contact = await profile.contact(name)
        if after is not None:
            await contact.disappear(after)
            await home.in_time(contact.flushed(), home.SETTLE)
        if as_json:
            output.write_json({"contact": contact.name, "seconds": contact.disappears})
        else:
            output.write(f"New messages {lasting(contact.disappears)}.")

    home.run_as(ctx, work)


def _say(
    ctx: typer.Context,
    name: str,
    message: str,
    say: Say,
    *,
    outgoing: bool | None = False,
    as_json: bool,
) -> None:
    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        receipt = await say(contact, await contact.find(message, outgoing=outgoing))
        await deliver(contact, receipt, None, as_json=as_json)

    home.run_as(ctx, work)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise WrongUsageError(f"{text!r} is no FIELD=VALUE.")
    return name, value


def _value(field: "FormField", text: str) -> "Value":
    match field.kind:
        case "number":
            try:
                return int(text) if text.lstrip("-").isdecimal() else float(text)
            except ValueError:
                raise ContentError(f"{field.label}: {text!r} is no number.") from None
        case "yes-no" if text.casefold() in {"yes", "y", "no", "n"}:
            return text.casefold() in {"yes", "y"}
        case _:
            return text

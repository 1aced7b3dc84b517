"""Comparing safety words: how people make sure that nobody is in between."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json, Who
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client import Client, Contact


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Example: graphchat verify Bob")(verify)


def verify(
    ctx: typer.Context,
    name: Who,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="The words were compared, and are the same.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the six safety words of a contact, and note that you have compared them.

    Read them to each other by voice or in person, not by chat. The same words on both sides mean
    that nobody is in between; trust is 3 then. Different words mean that somebody is.
    """
    record = home.run(ctx, lambda client: _words(ctx, client, name))
    if as_json and not yes:
        output.write_json(record)
        return
    words = str(record["words"])
    if not yes:
        output.write(words)
        if record["trust"] == 3:
            output.say("You have compared these words before.")
            return
        if not output.can_ask():
            output.say(f"If {name} sees the same words: graphchat verify {name} --yes")
            return
        if not typer.confirm(f"Does {output.plain(name)} see the same words?", err=True):
            raise StateError(
                "Then somebody may be in between. Say nothing secret here: remove this contact,"
                " and exchange a fresh code in person."
            )
    record = home.run(ctx, lambda client: _compared(ctx, client, name))
    if as_json:
        output.write_json(record)
    else:
        output.say(f"{record['contact']} is verified: trust 3.")


async def _contact(ctx: typer.Context, client: "Client", name: str) -> "Contact":
    profile = await home.choose(client, home.Home.of(ctx).profile)
    return await profile.contact(name)


async def _words(ctx: typer.Context, client: "Client", name: str) -> Mapping[str, object]:
    return _record(await _contact(ctx, client, name))


async def _compared(ctx: typer.Context, client: "Client", name: str) -> Mapping[str, object]:
    contact = await _contact(ctx, client, name)
    await contact.verify()
    return _record(contact)


def _record(contact: "Contact") -> Mapping[str, object]:
    words = " ".join(contact.safety_words())
    return {
        "contact": contact.name,
        "words": words,
        "trust": contact.trust,
        "introduced_by": list(contact.introduced_by),
    }

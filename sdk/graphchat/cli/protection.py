"""Changing the passphrase of a home."""

import os
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.errors import PassphraseError

if TYPE_CHECKING:
    from graphchat.client import Client

VARIABLE: Final = "GRAPHCHAT_NEW_PASSPHRASE"
"""The environment variable with the passphrase that a home is to get."""


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command("passphrase", epilog="Example: graphchat passphrase")(change)


def change(
    ctx: typer.Context,
    remove: Annotated[
        bool,
        typer.Option(
            "--remove", help="Have none: the key lies beside the data, for you alone to read."
        ),
    ] = False,
) -> None:
    """Choose another passphrase for this home; GRAPHCHAT_NEW_PASSPHRASE gives it in scripts.

    Backups, and copies of the home that others made, still open with the old one.
    """
    from graphchat.cli import passphrase

    database = home.Home.of(ctx).database

    async def look(client: "Client") -> None:
        """Find out that the present one is right before a new one is chosen."""

    home.run(ctx, look)
    new = None if remove else _new()

    async def work(client: "Client") -> None:
        await client.change_passphrase(new)

    home.run(ctx, work)
    passphrase.replace(database, new)
    output.say("The passphrase is removed." if remove else "The passphrase is changed.")


def _new() -> str:
    from graphchat.cli import passphrase

    if chosen := os.environ.get(VARIABLE):
        return chosen
    if not output.can_ask():
        raise PassphraseError(f"Nobody is here to ask. Set {VARIABLE}, or add --remove.")
    if not (chosen := passphrase.chosen("New passphrase of this home")):
        raise PassphraseError("Nothing was typed. To have no passphrase, add --remove.")
    return chosen

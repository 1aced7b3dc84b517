"""Invitations that are out: which there are, and taking one back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json
from graphchat.errors import NotFoundError

if TYPE_CHECKING:
    from graphchat.client import Client, Invitation, OwnProfile

COLUMNS: Final = ("id", "until", "link")
# Digits of an id that a table shows: enough to tell invitations apart.
SHORT: Final = 8


def register(group: typer.Typer) -> None:
    """Add the commands of this module to those of `graphchat invite`."""
    group.command("list", epilog="Example: graphchat invite list --json")(list_)
    group.command(epilog="Example: graphchat invite withdraw 3fa94c21")(withdraw)


def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the invitations that nobody has used yet, oldest first, with their links.

    Nobody else must see a link: whoever uses it first is the contact.
    """

    async def work(client: "Client", profile: "OwnProfile") -> list[Mapping[str, object]]:
        return [
            {
                "id": each.id,
                "until": each.until.isoformat() if each.until else None,
                "link": each.link,
            }
            for each in await profile.invitations()
        ]

    rows = home.run_as(ctx, work)
    if not rows:
        output.say("No invitation is out. Make one: graphchat invite")
    if not as_json:
        rows = [{**row, "id": str(row["id"])[:SHORT]} for row in rows]
    output.write_rows(rows, COLUMNS, as_json=as_json)


def withdraw(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="ID", help="The beginning of an id of: graphchat invite list."),
    ],
) -> None:
    """Take an invitation back: its code does not work any more."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        await (await _find(profile, name)).withdraw()
        await home.settle(client)

    home.run_as(ctx, work)
    output.say("The invitation is withdrawn: its code does not work any more.")


async def _find(profile: "OwnProfile", name: str) -> "Invitation":
    found = [each for each in await profile.invitations() if each.id.startswith(name.lower())]
    if len(found) != 1:
        what = "Several invitations begin" if found else "No invitation begins"
        raise NotFoundError(f"{what} with {name!r}. See: graphchat invite list")
    return found[0]

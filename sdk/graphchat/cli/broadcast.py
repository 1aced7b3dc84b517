"""Broadcasts: one speaks, many read, and no reader knows of another."""

from typing import TYPE_CHECKING, Annotated

import typer

from graphchat.cli import group as groups, home, output
from graphchat.cli.group import GroupName
from graphchat.cli.options import Json, Qr, Wait

if TYPE_CHECKING:
    from graphchat.client import Broadcast, Client, OwnProfile

app = typer.Typer(
    no_args_is_help=True,
    help="Broadcasts: only owners post; readers see neither each other nor each other's names.",
    epilog="Begin with: graphchat broadcast create News",
)


@app.command(epilog="Example: graphchat broadcast create News --qr news.png")
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What everybody sees.")],
    description: Annotated[str, typer.Option(help="What it is about.")] = "",
    qr: Qr = None,
    as_json: Json = False,
) -> None:
    """Make a broadcast, and show the link by which anybody may subscribe."""
    from graphchat.cli import codes

    async def work(client: "Client", profile: "OwnProfile") -> "Broadcast":
        return await profile.create_broadcast(name, description)

    made = home.run_as(ctx, work)
    codes.show(made.link(), qr, as_json=as_json, group=made.name, id=made.id)
    output.say(groups.HOST)


@app.command(epilog="Example: graphchat broadcast subscribe GRAPHCHAT:GROUP/...")
def subscribe(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="LINK_OR_IMAGE", help="A link, or a picture of a QR code.")
    ],
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Read a broadcast from now on. Its hosts are told no name. End it with: group leave."""
    home.run_as(ctx, groups.joining(source, wait, as_json=as_json))


@app.command(epilog='Example: graphchat broadcast post News "Rain on Sunday"')
def post(
    ctx: typer.Context,
    name: GroupName,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say.")],
    as_json: Json = False,
) -> None:
    """Post in a broadcast that you own."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        await groups.say(await profile.group(name), text, as_json=as_json)

    home.run_as(ctx, work)

"""The address of a profile: a code that anybody may use to ask for a connection."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json, Private, Qr
from graphchat.errors import NotFoundError

if TYPE_CHECKING:
    from graphchat.client import Address, Client, OwnProfile

app = typer.Typer(
    no_args_is_help=True,
    help="A code for everybody: whoever has it can ask to become a contact.",
    epilog="Example: graphchat address create --qr poster.png",
)

# Seconds.
DAY: Final = 24 * 3600.0
EVERYBODY: Final = "Everybody who asks there becomes a contact at once."
ASKED: Final = "Whoever asks there waits for your answer: graphchat requests list"
PRIVATE: Final = "Nothing that is said with them is signed: neither side can prove it to others."
NONE: Final = "This profile has no address. Make one: graphchat address create"


@app.command(epilog="Example: graphchat address create --accept-all")
def create(
    ctx: typer.Context,
    *,
    accept_all: Annotated[
        bool, typer.Option("--accept-all", help="Let everybody in who asks, as bots do.")
    ] = False,
    work: Annotated[
        int,
        typer.Option(
            min=0, max=26, metavar="BITS", help="Make asking dear, against spam: see below."
        ),
    ] = 0,
    private: Private = False,
    qr: Qr = None,
    as_json: Json = False,
) -> None:
    """Make an address, to publish or to print: a link, and its QR code on a terminal.

    With --work, whoever asks has to compute before: about a second for 20 bits, twice as long
    for each bit more.
    """

    async def made(profile: "OwnProfile") -> "Address":
        return await profile.create_address(accept_all=accept_all, private=private, work=work)

    _show(ctx, made, qr, as_json=as_json)


@app.command(epilog="Example: graphchat address show --qr poster.png")
def show(ctx: typer.Context, qr: Qr = None, as_json: Json = False) -> None:
    """Show the address of the profile again, and whether everybody is let in who asks."""
    _show(ctx, _current, qr, as_json=as_json)


@app.command(epilog="Example: graphchat address rotate --keep 30")
def rotate(
    ctx: typer.Context,
    keep: Annotated[
        int,
        typer.Option(min=0, max=30, metavar="DAYS", help="How long the old one still works."),
    ] = 0,
    qr: Qr = None,
    as_json: Json = False,
) -> None:
    """Make another address in place of this one, for example against spam. Contacts stay."""

    async def made(profile: "OwnProfile") -> "Address":
        return await profile.rotate_address(keep=keep * DAY)

    _show(ctx, made, qr, as_json=as_json)


@app.command(epilog="Example: graphchat address delete")
def delete(ctx: typer.Context) -> None:
    """Take the address back: nobody can ask at it any more. Contacts stay."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        await (await _current(profile)).delete()
        await home.settle(client)

    home.run_as(ctx, work)
    output.say("The address is deleted: nobody can ask at it any more.")


def _show(
    ctx: typer.Context,
    find: "Callable[[OwnProfile], Awaitable[Address]]",
    qr: Qr,
    *,
    as_json: bool,
) -> None:
    from graphchat.cli import codes

    async def work(client: "Client", profile: "OwnProfile") -> "Address":
        return await find(profile)

    address = home.run_as(ctx, work)
    codes.show(
        address.link,
        qr,
        as_json=as_json,
        accepts_all=address.accepts_all,
        mode=address.mode,
        work=address.work,
    )
    if address.mode == "private":
        output.say(PRIVATE)
    output.say(EVERYBODY if address.accepts_all else ASKED)


async def _current(profile: "OwnProfile") -> "Address":
    if (address := await profile.current_address()) is None:
        raise NotFoundError(NONE)
    return address

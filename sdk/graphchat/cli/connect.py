"""Becoming contacts: invitations made and used."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import contacts, home, invitations, output
from graphchat.cli.options import Json, Private, Qr, Wait, span
from graphchat.cli.progress import bar
from graphchat.errors import CodeError, StateError

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, Invitation, OwnProfile

# Seconds that `connect` gives a relay to take what it says to the other side.
PATIENCE: Final = 10.0

_LINKS: Final = ("graphchat:", "https:", "http:")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    example = "Example: graphchat invite --qr code.png --wait 60"
    group = typer.Typer(invoke_without_command=True, epilog=example)
    group.callback()(invite)
    invitations.register(group)
    app.add_typer(group, name="invite")
    app.command(epilog="Example: graphchat connect photo.jpg --wait 60")(connect)


def invite(
    ctx: typer.Context,
    *,
    qr: Qr = None,
    wait: Wait = None,
    private: Private = False,
    lasts: Annotated[
        int | None,
        typer.Option(
            "--for", parser=span, metavar="TIME", help="How long it is good, such as 10m or 7d."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Invite one person or bot: a link that works once, and its QR code on a terminal.

    Hand it over where nobody else sees it: whoever uses it first is the contact. Without
    --wait, the next command that connects (graphchat receive) finishes what they began. It is
    good for 30 days, or for what --for says.
    """
    if ctx.invoked_subcommand is not None:
        return
    from graphchat.cli import codes

    async def work(client: "Client", profile: "OwnProfile") -> None:
        invitation = await (
            profile.invite(private=private)
            if lasts is None
            else profile.invite(private=private, lasts=lasts)
        )
        codes.show(invitation.link, qr, as_json=as_json)
        if wait is not None:
            await _until_used(invitation, wait, as_json=as_json)

    home.run_as(ctx, work)


def connect(
    ctx: typer.Context,
    *,
    code: Annotated[
        str,
        typer.Argument(
            metavar="LINK_OR_IMAGE", help="A code of any kind, or a picture of its QR code."
        ),
    ],
    text: Annotated[
        str, typer.Option(metavar="TEXT", help="What to say when asking at an address.")
    ] = "",
    wait: Wait = None,
    private: Private = False,
    as_json: Json = False,
) -> None:
    """Use an invitation, ask at an address, or take new keys by a code of a contact.

    The other side has to be online at some time to answer; what you send before that waits.
    Some addresses want your computer to work before it may ask, against spam.
    """
    source = source_of(code)

    async def work(client: "Client", profile: "OwnProfile") -> None:
        known = await profile.contacts()
        with bar("Working, as this address wants it") as progress:
            contact = await profile.connect(source, text=text, private=private, progress=progress)
        if contact in known:
            # The code was one for new keys of a contact that is there.
            await _rekeyed(contact, wait, as_json=as_json)
            return
        await _ask(contact)
        if wait is not None:
            await home.in_time(contact.established(), wait)
        contacts.show([contact], as_json=as_json)
        if contact.state == "established":
            return
        if wait is not None:
            raise StateError(
                f"No answer within {output.lasting(wait)}. Nothing is lost: graphchat receive"
                " goes on."
            )
        output.say("Asked; the other side has to answer. To wait for it: graphchat receive")

    home.run_as(ctx, work)


def source_of(code: str) -> str | Path:
    """Return the link, or the path of the picture, that a person has typed.

    Raises `CodeError` if it is neither.
    """
    if code.strip().lower().startswith(_LINKS):
        return code
    path = Path(code)
    try:
        if path.is_file():
            return path
    except OSError:  # too long for a path
        pass
    raise CodeError("This is no graphchat link, and no picture file has that name. Check it.")


async def _rekeyed(contact: "Contact", wait: float | None, *, as_json: bool) -> None:
    """Wait for the new keys to work."""
    done = await home.in_time(contact.rekeyed(), PATIENCE if wait is None else wait)
    contacts.show([contact], as_json=as_json)
    if done:
        output.say(f"{contact.name} has new keys; trust {contact.trust}.")
    elif wait is not None:
        raise StateError(
            f"No answer within {output.lasting(wait)}. Nothing is lost: graphchat receive goes on."
        )
    else:
        output.say("Asked; the other side has to answer. To wait for it: graphchat receive")


async def _ask(contact: "Contact") -> None:
    """Wait for a relay to take the request; forget the contact if the code is worthless."""
    try:
        if not await home.in_time(contact.asked(), PATIENCE):
            output.say("The relay of the other side does not answer; it is tried again later.")
    except StateError:
        await contact.remove()
        raise


async def _until_used(invitation: "Invitation", seconds: float, *, as_json: bool) -> None:
    output.say("Waiting for somebody to use it ...")
    if not await home.in_time(invitation.contact(), seconds):
        raise StateError(
            f"Nobody has connected within {output.lasting(seconds)}. The invitation stays good:"
            " graphchat receive goes on with it."
        )
    contact = await invitation.contact()
    if as_json:
        output.write_json({"event": "established", **contacts.record(contact)})
    else:
        output.say(f"{contact.name} is a contact now (trust {contact.trust}).")

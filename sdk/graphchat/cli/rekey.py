"""New keys for a contact, by a code that is handed over."""

from typing import TYPE_CHECKING

import typer

from graphchat.cli import contacts, home, output
from graphchat.cli.options import Json, Qr, Wait, Who
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client import Client, OwnProfile


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Example: graphchat rekey Bob --wait 60")(rekey)


def rekey(
    ctx: typer.Context,
    name: Who,
    qr: Qr = None,
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Make a code that gives a contact new keys, and show it as a link and a QR code.

    The other side uses it like an invitation: graphchat connect LINK. Hand it over in person.
    It heals a conversation after a backup was restored, and if it was the other side that showed
    a code before, each has scanned one of the other now: trust is 3.
    """
    from graphchat.cli import codes

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        code = await contact.rekey()
        codes.show(code.link, qr, as_json=as_json)
        if wait is None:
            return
        output.say(f"Waiting for {output.plain(contact.name)} to use it ...")
        if not await home.in_time(code.used(), wait):
            raise StateError(
                f"Nobody has used it within {output.lasting(wait)}. The code stays good:"
                " graphchat receive goes on with it."
            )
        if as_json:
            output.write_json({"event": "rekeyed", **contacts.record(contact)})
        else:
            output.say(f"{contact.name} has new keys; trust {contact.trust}.")

    home.run_as(ctx, work)

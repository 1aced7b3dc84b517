"""Who a profile can talk to."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, OwnProfile

COLUMNS: Final = ("contact", "kind", "state", "trust", "post_quantum", "relays")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog="Example: graphchat contacts --json")(contacts)


def contacts(ctx: typer.Context, as_json: Json = False) -> None:
    """List who you can talk to, and who has not answered yet.

    Trust says how you know that it is them: 0 by an address, 2 by an invitation, which is as
    good as the way that it took. post_quantum: later quantum computers cannot read along.
    """

    async def work(client: "Client", profile: "OwnProfile") -> None:
        found = await profile.contacts()
        if not found:
            output.say("Nobody yet. Invite somebody: graphchat invite")
        show(found, as_json=as_json)

    home.run_as(ctx, work)


def show(found: "Sequence[Contact]", *, as_json: bool) -> None:
    """Write contacts to stdout."""
    output.write_rows([record(each) for each in found], COLUMNS, as_json=as_json)


def record(contact: "Contact") -> Mapping[str, object]:
    """Return what `--json` says of a contact."""
    return {
        "contact": contact.name,
        "id": contact.id,
        "kind": contact.kind,
        "state": contact.state,
        "trust": contact.trust,
        "post_quantum": contact.post_quantum,
        "relays": list(dict.fromkeys(contact.relays)),
    }

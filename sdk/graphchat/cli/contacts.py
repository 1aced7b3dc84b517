"""Who a profile can talk to."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json, Who

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, OwnProfile

NEEDS: Final = "needs a new code"
COLUMNS: Final = ("contact", "kind", "state", "trust", "mode", "post_quantum", "relays")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(invoke_without_command=True, epilog="Example: graphchat contacts --json")
    group.callback()(contacts)
    group.command(epilog='Example: graphchat contacts rename Bob "Bob from work"')(rename)
    group.command(epilog="Example: graphchat contacts remove Bob")(remove)
    group.command(epilog="Example: graphchat contacts commands helpdesk")(commands)
    app.add_typer(group, name="contacts")


def contacts(ctx: typer.Context, as_json: Json = False) -> None:
    """List who you can talk to, and who has not answered yet.

    Trust says how you know that it is them: 0 by an address, 1 by contacts who introduced you,
    2 by an invitation, which is as good as the way that it took, 3 by comparing words (graphchat
    verify). Since a backup was
    restored, a contact needs a new code before you can write again. Mode: with a provable
    contact everything is signed, and can be proved (graphchat proof); with a private one nothing
    is. post_quantum: later quantum computers cannot read along.
    """
    if ctx.invoked_subcommand is not None:
        return

    async def work(client: "Client", profile: "OwnProfile") -> None:
        found = await profile.contacts()
        if not found:
            output.say("Nobody yet. Invite somebody: graphchat invite")
        show(found, as_json=as_json)

    home.run_as(ctx, work)


def rename(
    ctx: typer.Context,
    name: Who,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="How you call them.")],
) -> None:
    """Give a contact a name of your own. It stays when they change theirs; nobody is told."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        await contact.rename(new_name)
        output.say(f"The contact {name} is called {contact.name} now.")

    home.run_as(ctx, work)


def commands(ctx: typer.Context, name: Who, as_json: Json = False) -> None:
    """List what a bot understands: say one as /NAME. It is what the bot has told this device."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        found = await (await profile.contact(name)).commands()
        if not found:
            output.say(f"The contact {name} has announced no commands.")
        rows = [{"command": each.name, "help": each.help} for each in found]
        output.write_rows(rows, ("command", "help"), as_json=as_json)

    home.run_as(ctx, work)


def remove(
    ctx: typer.Context,
    name: Who,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a contact with the conversation, and its queues at the relays.

    The other side is not told.
    """

    async def find(client: "Client") -> "Contact":
        profile = await home.choose(client, home.Home.of(ctx).profile)
        return await profile.contact(name)

    async def look(client: "Client") -> str:
        return f"Remove {(await find(client)).name} with all messages, for good?"

    async def work(client: "Client") -> None:
        await (await find(client)).remove()
        await home.settle(client)

    if yes:
        home.run(ctx, work)
    else:
        refusal = f"Nobody is here to ask. To remove {name!r} for good, add --yes."
        home.run_after_a_yes(ctx, look, work, refusal)
    output.say(f"The contact {name} is removed.")


def show(found: "Sequence[Contact]", *, as_json: bool) -> None:
    """Write contacts to stdout."""
    rows = [record(each) for each in found]
    if not as_json:
        rows = [{**row, **shown(each)} for row, each in zip(rows, found, strict=True)]
    output.write_rows(rows, COLUMNS, as_json=as_json)


def shown(contact: "Contact") -> Mapping[str, object]:
    """Return what people are shown in another way than programs."""
    state = NEEDS if contact.needs_code else contact.state
    return {"state": state, "trust": trust(contact)}


def trust(contact: "Contact") -> str:
    """Return how sure it is who that is, and who has introduced them."""
    if not contact.introduced_by:
        return str(contact.trust)
    return f"{contact.trust}, introduced by {', '.join(contact.introduced_by)}"


def record(contact: "Contact") -> Mapping[str, object]:
    """Return what `--json` says of a contact."""
    return {
        "contact": contact.name,
        "id": contact.id,
        "kind": contact.kind,
        "state": contact.state,
        "needs_code": contact.needs_code,
        "trust": contact.trust,
        "introduced_by": list(contact.introduced_by),
        "mode": contact.mode,
        "post_quantum": contact.post_quantum,
        "relays": list(dict.fromkeys(contact.relays)),
    }

"""The relays that this home receives through."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json
from graphchat.wire.base64url import to_text
from graphchat.wire.uri import RelayAddress

if TYPE_CHECKING:
    from graphchat.client import Client

app = typer.Typer(
    no_args_is_help=True,
    help="The relays that you receive through. Two or more, and none of them can cut you off.",
    epilog="Example: graphchat servers add https://relay.example/q#FP",
)

COLUMNS: Final = ("uri", "private")


@app.command(epilog="Example: graphchat servers add https://relay.example/q#FP")
def add(
    ctx: typer.Context,
    uri: Annotated[
        str,
        typer.Argument(
            metavar="URI", help="The line that a relay prints, with # and fingerprint."
        ),
    ],
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not try the relay before adding it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Receive through one more relay.

    It is tried first; one that does not answer or has another fingerprint is refused.
    """

    async def work(client: "Client") -> Mapping[str, object]:
        return _record(await client.add_relay(uri, check=not no_check))

    RelayAddress.parse(uri)  # before a home is made for it
    output.write_card(home.run(ctx, work, create=True), as_json=as_json)


@app.command("list", epilog="Example: graphchat servers list --json")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the relays that new contacts will reach you through."""

    async def work(client: "Client") -> list[Mapping[str, object]]:
        return [_record(relay) for relay in client.relays]

    rows = home.run(ctx, work) if home.Home.of(ctx).exists else []
    if not rows:
        output.say("There is no relay yet. Add one: graphchat servers add URI")
    output.write_rows(rows, COLUMNS, as_json=as_json)


@app.command(epilog="Example: graphchat servers remove https://relay.example/q")
def remove(
    ctx: typer.Context,
    uri: Annotated[
        str, typer.Argument(metavar="URI", help="As listed; the fingerprint may be left out.")
    ],
) -> None:
    """Make no more queues at a relay. Contacts that reach you through it go on doing so."""

    async def work(client: "Client") -> None:
        # What is listed lacks the token, and the client knows a relay without its fingerprint.
        await client.remove_relay(uri.partition("#")[0])

    home.run(ctx, work)


def _record(relay: RelayAddress) -> Mapping[str, object]:
    # Without the token: it opens the relay, and lists are shown to others.
    return {
        "uri": f"{relay.base}#{to_text(relay.fingerprint)}",
        "private": relay.token is not None,
    }

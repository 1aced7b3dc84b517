"""The relays that this home receives through."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json
from graphchat.errors import NotFoundError, RelayError, StateError
from graphchat.wire.base64url import to_text
from graphchat.wire.uri import READY, RelayAddress, split_create_uri

if TYPE_CHECKING:
    from graphchat.client import Client

app = typer.Typer(
    no_args_is_help=True,
    help="The relays that you receive through. Two or more, and none of them can cut you off.",
    epilog="Example: graphchat servers add https://relay.example/q#FP",
)

URI: Final = "What `graphchat relay serve` prints: the address with # and fingerprint."

# Seconds that a relay has for its answer when it is listed.
PATIENCE: Final = 5.0

Address = Annotated[str, typer.Argument(metavar="URI", help=URI)]


@app.command(epilog="Example: graphchat servers add https://relay.example/q#FP")
def add(
    ctx: typer.Context,
    uri: Address,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not try the relay before adding it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Receive through one more relay.

    It is tried first; one that does not answer or has another fingerprint is refused, and so is
    another name of a relay that is here already. The whole line that the relay prints will do.
    """
    relay = RelayAddress.parse(uri)  # before a home is made for it

    async def work(client: "Client") -> Mapping[str, object]:
        _check_new(relay, client.relays)
        return _record(await client.add_relay(relay.text, check=not no_check))

    output.write_card(home.run(ctx, work, create=True), as_json=as_json)


@app.command(epilog="Example: graphchat servers policy hedge --lanes 3")
def policy(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[auto|all|hedge]", help="Choose this one; else it is shown.")
    ] = "",
    lanes: Annotated[
        int, typer.Option(min=0, max=8, help="Relays of yours that a new contact gets: 1 to 8.")
    ] = 0,
    contact: Annotated[str, typer.Option(metavar="CONTACT", help="For this contact alone.")] = "",
    as_json: Json = False,
) -> None:
    """Show or choose by how many relays of a contact your messages leave.

    all: by every one at once. hedge: by one; by the next if no OK comes in 2 seconds, or no
    receipt in 30. That is less traffic, and a message takes longer where a relay fails. auto, the
    default: hedge with three relays or more, or more than 1,000 contacts; else all.
    """

    async def work(client: "Client") -> Mapping[str, object]:
        if contact:
            me = await home.choose(client, home.Home.of(ctx).profile)
            found = await me.contact(contact)
            if name:
                await found.set_policy(name)
            return {"contact": found.name, "policy": found.policy, "relays": len(found.relays)}
        known = client.policy
        if name or lanes:
            known = Policy(policy_named(name or known.name), lanes or known.lanes)
            await client.set_policy(known)
        return {"policy": known.name, "lanes": known.lanes}

    from graphchat.client.policy import Policy, named as policy_named

    output.write_card(home.run(ctx, work, create=bool(name or lanes)), as_json=as_json)


@app.command("list", epilog="Example: graphchat servers list --json")
def list_(
    ctx: typer.Context,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not ask the relays; say what is known of them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the relays that new contacts will reach you through, and how each does.

    Each is asked now. Faults are what was seen from here, ever: messages that a relay confirmed
    and lost, or that it did not answer for long; contacts tell you of those they see.

    The column private is there if one of them lets only holders of a token make queues: the
    address that you added has the token, which is never shown.
    """

    async def work(client: "Client") -> list[Mapping[str, object]]:
        if no_check:
            return [_known(client, relay) for relay in client.relays]
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(_tried(client, relay)) for relay in client.relays]
        return [each.result() for each in tries]

    rows = home.run(ctx, work) if home.Home.of(ctx).exists else []
    if not rows:
        output.say("There is no relay yet. Add one: graphchat servers add URI")
    if as_json:
        output.write_rows(rows, (), as_json=True)
    else:
        _write_table(rows)


@app.command(epilog="Example: graphchat servers remove https://relay.example/q")
def remove(
    ctx: typer.Context,
    uri: Annotated[
        str, typer.Argument(metavar="URI", help="As listed; the fingerprint may be left out.")
    ],
) -> None:
    """Make no more queues at a relay. Contacts that reach you through it go on doing so."""
    create, mark, _ = uri.strip().removeprefix(READY).strip().partition("#")
    base, _ = split_create_uri(create)  # as `add` spells it
    named = RelayAddress.parse(uri).fingerprint if mark else None

    async def work(client: "Client") -> None:
        for relay in client.relays:
            if relay.base == base and named in {None, relay.fingerprint}:
                await client.remove_relay(relay.text)
                return
        raise NotFoundError("This home does not use that relay. See: graphchat servers list")

    home.run(ctx, work)
    output.say(f"No new contact will reach you through {base}.")


@app.command(epilog="Example: graphchat servers proxy socks5h://127.0.0.1:9050")
def proxy(
    ctx: typer.Context,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL",
            help="socks5h://host:port, such as Tor's socks5h://127.0.0.1:9050, or http://host:port,"
            " with name:password@ before the host where it wants them; or: direct.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Go to relays through a proxy, such as Tor; without URL, say which one it is.

    It also looks up the names of relays. What it does not reach is not reached at all: nothing
    goes past it, but to relays on this machine. Each profile gives it another name and password
    if you give none, so that Tor keeps them apart. A password is kept encrypted, and not shown.
    """
    from graphchat.transport.proxy import ProxyAddress

    chosen = None if url in {None, home.DIRECT} else str(ProxyAddress.parse(url or ""))

    async def work(client: "Client") -> str | None:
        if url is not None:
            await client.set_proxy(None if chosen is None else url)
        found = await client.proxy()
        return None if found is None else str(found)

    found = home.run(ctx, work, create=url is not None)
    output.write_card({"proxy": found or home.DIRECT}, as_json=as_json)


def _check_new(new: RelayAddress, known: Sequence[RelayAddress]) -> None:
    """Raise `StateError` for another address of a relay that is here already."""
    for relay in known:
        if relay.fingerprint == new.fingerprint and relay.text != new.text:
            raise StateError(
                f"This relay is here already, as {relay.base}: it would only look like two. To"
                f" change its address, first: graphchat servers remove {relay.base}"
            )


def _known(client: "Client", relay: RelayAddress) -> Mapping[str, object]:
    health = client.health(relay)
    faults = {"dropped": health.dropped, "away": health.away, "reported": health.reported}
    return {**_record(relay), "up": None, "ms": None, "problem": "", **faults}


async def _tried(client: "Client", relay: RelayAddress) -> Mapping[str, object]:
    """Return what `list` says of a relay, after asking it who it is."""
    known, began = _known(client, relay), time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE):
            await client.engine.context.transport.identify(relay)
    except (RelayError, TimeoutError) as error:
        problem = str(error) or f"no answer in {PATIENCE:.0f} seconds"
        return {**known, "up": False, "problem": problem}
    ms = round((time.perf_counter() - began) * 1000)
    return {**known, "up": True, "ms": ms}


def _write_table(rows: Sequence[Mapping[str, object]]) -> None:
    """Write yes or no for each relay where one is private; else there is nothing to tell."""
    shown = [{**row, "answers": _answers(row), "faults": _faults(row)} for row in rows]
    columns = ["uri", "answers", "faults"]
    if any(row["private"] for row in rows):
        shown = [{**row, "private": "yes" if row["private"] else "no"} for row in shown]
        columns.append("private")
    output.write_rows(shown, columns, as_json=False)


def _answers(row: Mapping[str, object]) -> str:
    if row["up"] is None:
        return "not asked"
    return f"in {row['ms']} ms" if row["up"] else f"no: {row['problem']}"


def _faults(row: Mapping[str, object]) -> str:
    words = {"dropped": "lost messages", "away": "away", "reported": "reported by a contact"}
    found = [f"{words[name]} {row[name]} x" for name in words if row[name]]
    return ", ".join(found) or "none"


def _record(relay: RelayAddress) -> Mapping[str, object]:
    # Without the token: it opens the relay, and lists are shown to others.
    return {
        "uri": f"{relay.base}#{to_text(relay.fingerprint)}",
        "private": relay.token is not None,
    }

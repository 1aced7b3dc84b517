"""``graphchat relay``: run a relay, and look at one."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from graphchat_relay.cli import tokens
from graphchat_relay.cli.describing import Subject
from graphchat_relay.cli.home import fail, home_of

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="Run a relay, and look at one."
)

app.add_typer(tokens.app, name="token")


@app.command()
def serve(  # noqa: PLR0917 - one option for each setting that people change; the others are in --config
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="Where to listen. [127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes any free one. [8765]")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="memory:, sqlite://FILE, or postgresql://... for replicas. [below the home]"
        ),
    ] = None,
    create_token: Annotated[
        list[str] | None, typer.Option(help="Only who knows it creates queues. Repeatable.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="How clients reach the relay: https://host/q")
    ] = None,
    private_host: Annotated[str | None, typer.Option(help="For probes and figures.")] = None,
    private_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes any free one. [0]")
    ] = None,
    tls_self_signed: Annotated[
        bool | None,
        typer.Option("--tls-self-signed", help="Serve TLS with a certificate of the relay's key."),
    ] = None,
    certfile: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Settings in TOML.")
    ] = None,
) -> None:
    """Run a relay until it is told to stop."""
    from graphchat_relay.cli.serving import run, take_signals

    take_signals()
    options = {
        "host": host,
        "port": port,
        "store": store,
        "create_tokens": tuple(create_token) if create_token else None,
        "public_url": public_url,
        "private_host": private_host,
        "private_port": private_port,
        "tls_self_signed": tls_self_signed,
        "certfile": certfile,
        "keyfile": keyfile,
    }
    given = {name: value for name, value in options.items() if value is not None}
    error = run(home_of(ctx), config, given)
    if error:
        raise fail(error)


@app.command()
def init(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="The name in the certificate.")] = "localhost",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make the identity key of a relay, and a certificate of it."""
    from graphchat.errors import GraphchatError
    from graphchat_relay.cli.making import make, show

    try:
        made = make(home_of(ctx), host)
    except GraphchatError as error:
        raise fail(str(error)) from None
    show(made, json=json)


@app.command()
def status(
    ctx: typer.Context,
    store: Annotated[str | None, typer.Option(help="As for serve. [below the home]")] = None,
    config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Settings in TOML.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how much a relay keeps, whether it runs or not."""
    from pydantic import ValidationError

    from graphchat.errors import GraphchatError
    from graphchat_relay.cli.serving import explain
    from graphchat_relay.cli.status import look, show
    from graphchat_relay.settings import RelaySettings

    options = {} if store is None else {"store": store}
    try:
        settings = RelaySettings.load(config, home_of(ctx) / "relay", **options)
        found = look(settings)
    except ValidationError as error:
        raise fail(explain(error)) from None
    except GraphchatError as error:
        raise fail(str(error)) from None
    show(found, json=json)


@app.command()
def migrate(
    ctx: typer.Context,
    store: Annotated[str | None, typer.Option(help="As for serve. [below the home]")] = None,
    config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Settings in TOML.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; status 1 if something is to be done.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bring the schema of a database up to date, while no other program does.

    A relay does so when it starts, unless its setting migrate_at_start is false.
    """
    from pydantic import ValidationError

    from graphchat.errors import GraphchatError
    from graphchat_relay.cli import migrating
    from graphchat_relay.cli.serving import explain
    from graphchat_relay.settings import RelaySettings

    options = {} if store is None else {"store": store}
    try:
        settings = RelaySettings.load(config, home_of(ctx) / "relay", **options)
        found = migrating.check(settings) if check else migrating.migrate(settings)
    except ValidationError as error:
        raise fail(explain(error)) from None
    except GraphchatError as error:
        raise fail(str(error)) from None
    migrating.show(found, json=json)
    if found.lacking:
        raise typer.Exit(1)


@app.command()
def check(
    uri: Annotated[str, typer.Argument(help="The address of the relay, with its fingerprint.")],
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for each step.")] = 10.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Try a relay from outside: create, send, receive, delete."""
    import asyncio

    from graphchat.errors import GraphchatError
    from graphchat_relay.cli.checking import check_relay
    from graphchat_relay.cli.report import show

    try:
        steps = asyncio.run(check_relay(uri, timeout))
    except GraphchatError as error:
        raise fail(str(error)) from None
    show(steps, json=json)


@app.command()
def describe(
    subject: Annotated[Subject, typer.Argument(help="rest: OpenAPI 3.1; socket: AsyncAPI 3.0.")],
) -> None:
    """Print what a relay speaks, for programs.

    Example: graphchat relay describe rest > openapi.json
    """
    from graphchat_relay.cli.describing import describe as made

    sys.stdout.write(made(subject))

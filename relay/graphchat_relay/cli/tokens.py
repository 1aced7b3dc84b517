"""``graphchat relay token``: who may create queues on a private relay."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from graphchat_relay.cli.home import fail, home_of

app = typer.Typer(
    no_args_is_help=True,
    help="Say who may create queues. With a first token, a relay is private.\n\n"
    "A relay that runs takes changes up within seconds.",
)

Name = Annotated[str, typer.Argument(help="For whom it is: a word that you choose.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for each.")]


@app.command()
def add(ctx: typer.Context, name: Name, json: Json = False) -> None:
    """Make a token. It is shown once: only its hash is kept.

    Example: graphchat relay token add "Alice and her bots"
    """
    from graphchat.clock import SystemClock
    from graphchat_relay import tokens

    with _told():
        token = tokens.add(_file(ctx), name, SystemClock())
    _print({"name": name, "token": token} if json else token)
    typer.echo(
        "Give it to whom it is for: behind the relay's create URI and a slash, before the #.",
        err=True,
    )


@app.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """List tokens by their names."""
    from graphchat_relay import tokens

    with _told():
        found = tokens.read(_file(ctx))
    for token in found or ():
        _print({"name": token.name} if json else token.name)
    if found is None:
        typer.echo("No token was ever made: everybody may create queues.", err=True)
    elif not found:
        typer.echo(
            f"No token is left: nobody may create queues. Delete {_file(ctx)} to let everybody.",
            err=True,
        )


@app.command()
def revoke(ctx: typer.Context, name: Name) -> None:
    """Let nobody create queues by a token any more. Queues that were made stay."""
    from graphchat_relay import tokens

    with _told():
        tokens.revoke(_file(ctx), name)
    typer.echo(f"Revoked: {name}.", err=True)


def _file(ctx: typer.Context) -> Path:
    from graphchat_relay.tokens import TOKENS_FILE

    return home_of(ctx) / "relay" / TOKENS_FILE


@contextmanager
def _told() -> Iterator[None]:
    from graphchat.errors import GraphchatError

    try:
        yield
    except GraphchatError as error:
        raise fail(str(error)) from None


def _print(found: object) -> None:
    import msgspec

    text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    sys.stdout.write(text + "\n")

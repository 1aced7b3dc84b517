"""``graphchat bot dev``: a bot that starts again whenever its code changes."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from graphchat_bots.cli.options import Target


def register(app: typer.Typer) -> None:
    """Add the command of this module to ``graphchat bot``."""
    app.command(epilog="Example: graphchat bot dev hello.py --with-relay")(dev)


def dev(
    ctx: typer.Context,
    target: Target,
    relay: Annotated[
        list[str] | None,
        typer.Option(metavar="URI", help="Receive through this relay; may be repeated."),
    ] = None,
    with_relay: Annotated[
        bool,
        typer.Option("--with-relay", help="Run a relay too, which only this machine reaches."),
    ] = False,
) -> None:
    """Run a bot, and start it again whenever a file of its folder changes.

    Looks at *.py and *.toml. What is wrong with the code is said, and the next change awaited.
    Chats, states and jobs stay: what comes meanwhile is answered after the start. Ctrl-C ends.
    """
    from graphchat.cli.errors import WrongUsageError
    from graphchat.cli.output import say
    from graphchat_bots.cli.restarts import Restarts
    from graphchat_bots.cli.worker import Order
    from graphchat_bots.local_relay import relay_beside

    if relay and with_relay:
        raise WrongUsageError("Choose: --relay names a relay, --with-relay runs one.")
    home = ctx.obj["home"]
    beside = relay_beside(home / "dev-relay") if with_relay else nullcontext()
    with beside as own:
        if own is not None:
            say(f"A relay runs here: {own}")
            say(
                "To talk with the bot, in another terminal: graphchat --home you profile create"
                f" You; graphchat --home you servers add '{own}'; graphchat --home you connect"
                " 'LINK' --wait 10; graphchat --home you chat"
            )
        relays = (own,) if own else tuple(relay) if relay else None
        Restarts(Order(target, home, relays, announce=True)).run(_folder(target))


def _folder(target: str) -> Path:
    """Return the folder whose changes matter."""
    place, _, _ = target.rpartition(":")
    file = target if target.endswith(".py") else place
    return Path(file).resolve().parent if file.endswith(".py") else Path.cwd()

"""``graphchat demo``: a relay, a bot, and a chat with it, all in this process."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    ctx: typer.Context,
    chat: Annotated[
        bool, typer.Option("--chat/--no-chat", help="Open a chat here, or only serve.")
    ] = True,
    say: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Say this, print the answer, and end."),
    ] = None,
) -> None:
    """Start a relay and a bot here, show the bot's QR code, and talk with it.

    Example: graphchat demo --say hello
    """
    import asyncio
    from tempfile import TemporaryDirectory

    from graphchat_bots.cli.talk import run

    if say is not None and not say.strip():
        raise typer.BadParameter("There is nothing to say in it.", param_hint="--say")
    if say is not None and not chat:
        raise typer.BadParameter(
            "It says something, and --no-chat says nothing. Choose one.", param_hint="--say"
        )
    with TemporaryDirectory(prefix="graphchat-demo-") as folder:
        asyncio.run(run(Path(folder), say, chat=chat))

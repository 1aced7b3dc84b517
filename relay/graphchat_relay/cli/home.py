"""What the commands of a relay share: where data lives, and how they fail."""

import os
from pathlib import Path

import typer


def home_of(ctx: typer.Context) -> Path:
    """Return where data lives: as the main program says, or the environment, or the platform."""
    if isinstance(ctx.obj, dict) and "home" in ctx.obj:
        return Path(ctx.obj["home"])
    if found := os.environ.get("GRAPHCHAT_HOME"):
        return Path(found).expanduser()
    from platformdirs import user_data_path

    return user_data_path("graphchat")


def fail(text: str) -> typer.Exit:
    """Say on one line what went wrong; raise what is returned."""
    typer.echo(f"graphchat relay: {' '.join(text.split())}", err=True)
    return typer.Exit(1)

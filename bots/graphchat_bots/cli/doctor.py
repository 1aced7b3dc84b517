"""``graphchat bot doctor``: looks at all that a bot needs, and says what to do."""

import typer

from graphchat.cli.options import Json
from graphchat_bots.cli.options import Target


def register(app: typer.Typer) -> None:
    """Add the command of this module to ``graphchat bot``."""
    app.command(epilog="Example: graphchat bot doctor shop.py")(doctor)


def doctor(ctx: typer.Context, target: Target, as_json: Json = False) -> None:
    """Look at a bot's code, files, relays and backlog, also while it runs; change nothing.

    Each line is ok, warn or fail, and says what to do. Exit status 1 if one fails.
    """
    from dataclasses import asdict

    from graphchat.cli.output import say, write_rows
    from graphchat_bots.cli.checkup import examine
    from graphchat_bots.cli.found import Found

    findings = list(examine(Found.of(ctx, target)))
    rows = [asdict(finding) for finding in findings]
    write_rows(rows, ("check", "state", "found", "do"), as_json=as_json)
    if failed := sum(finding.state == "fail" for finding in findings):
        say(f"{failed} of {len(findings)} failed. The column do says what to do.")
        raise typer.Exit(1)

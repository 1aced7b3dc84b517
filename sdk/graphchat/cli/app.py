"""The program: its global options, its commands, and how it ends."""

from pathlib import Path
from typing import Annotated, Final

import typer
from platformdirs import user_data_dir
from typer.main import get_command

import graphchat
from graphchat.cli import (
    address,
    amend,
    backup,
    broadcast,
    chat,
    connect,
    contacts,
    device,
    errors,
    export,
    group,
    history,
    introduce,
    messages,
    moderation,
    otr,
    output,
    profile as profiles,
    proof,
    protection,
    receive,
    rekey,
    requests,
    search,
    servers,
    transfers,
    verify,
)
from graphchat.cli.plugins import Commands

NAME: Final = "graphchat"

app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    help="Private chat without accounts: end-to-end encrypted, over relays of your choice.",
    epilog="Begin with: graphchat profile create NAME, then graphchat servers add URI, then"
    " graphchat invite. Everything takes --help; what prints data takes --json.",
)
app.add_typer(profiles.app, name="profile")
app.add_typer(servers.app, name="servers")
app.add_typer(address.app, name="address")
app.add_typer(requests.app, name="requests")
app.add_typer(proof.app, name="proof")
app.add_typer(transfers.app, name="file")
moderation.register(group.app)
app.add_typer(group.app, name="group")
app.add_typer(broadcast.app, name="broadcast")
app.add_typer(device.app, name="device")
_MODULES: Final = (
    connect,
    contacts,
    verify,
    rekey,
    otr,
    introduce,
    messages,
    amend,
    chat,
    receive,
    history,
    search,
    export,
    backup,
    protection,
)
for _module in _MODULES:
    _module.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        output.write(f"{NAME} {graphchat.__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            envvar="GRAPHCHAT_HOME",
            metavar="DIR",
            help="Where profiles, contacts and messages are kept, encrypted.",
            show_default="the data folder of the platform",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which profile to speak as, where there are several."),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            envvar="GRAPHCHAT_PROXY",
            metavar="URL",
            help="Go through this proxy now, or: direct. For always: graphchat servers proxy.",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    folder = home.expanduser() if home else Path(user_data_dir(NAME))
    ctx.obj = {"home": folder, "profile": profile, "proxy": proxy}


def run(arguments: list[str] | None = None) -> int:
    """Run the program; return the exit status: 0 done, 1 failed, 2 wrong usage."""
    output.be_robust()
    try:
        status = get_command(app).main(arguments, prog_name=NAME, standalone_mode=False)
    except KeyboardInterrupt:
        return errors.interrupted()
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets one line
        return errors.report(error)
    return status if isinstance(status, int) else 0

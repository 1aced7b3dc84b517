"""``graphchat bot``: write bots and run them."""

from pathlib import Path
from typing import Annotated

import typer

from graphchat.cli.options import Json
from graphchat_bots.cli import backup, dev, doctor, letters, link, roles
from graphchat_bots.cli.options import Target
from graphchat_bots.cli.starters import Kind

app = typer.Typer(
    no_args_is_help=True,
    help="Write bots and run them.",
    epilog="Example: graphchat bot new hello",
)

app.add_typer(letters.app, name="dead-letter")


Targets = Annotated[
    list[str],
    typer.Argument(metavar="TARGET...", help="Files (shop.py), or objects (shop.main:bot)."),
]


@app.command(epilog="Example: graphchat bot new hello --template form")
def new(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    template: Annotated[
        Kind,
        typer.Option(help="A bot that echoes, one that asks by a form, or one for groups."),
    ] = Kind.ECHO,
) -> None:
    """Begin a bot: a folder with the bot, its tests, and what it takes to ship it."""
    from graphchat.cli.output import say
    from graphchat_bots.cli.template import create

    file = create(name, Path.cwd(), template)
    say(f"Made {name}/: the bot, its tests, settings, a README, and a Dockerfile. Next:")
    say(f"  cd {name} && pip install pytest pytest-asyncio && python -m pytest")
    say(f"  graphchat bot dev {file.name} --with-relay")
    say(f"  graphchat bot run {file.name} --relay URI")


@app.command(epilog="Example: graphchat bot run hello.py --relay https://relay.example/q#FP")
def run(
    ctx: typer.Context,
    targets: Targets,
    relay: Annotated[
        list[str] | None,
        typer.Option(metavar="URI", help="Receive through this relay; may be repeated."),
    ] = None,
) -> None:
    """Run bots until SIGTERM or Ctrl-C. Prints the links by which people reach them.

    If one of several fails, the others are stopped, too.
    """
    from graphchat_bots import fleet
    from graphchat_bots.cli.target import load

    bots = [load(target) for target in targets]
    fleet.run(*(bot.setup(home=ctx.obj["home"], relays=relay) for bot in bots))


@app.command(epilog="Example: graphchat bot check hello.py")
def check(target: Target, as_json: Json = False) -> None:
    """Say all that is wrong with a bot, without running it.

    With --json each fault is an object with its place, `file:line` or nothing, and a text.
    """
    from graphchat.cli.output import say, write_json
    from graphchat_bots.cli.target import load

    bot = load(target)
    faults = bot.faults()
    for fault in faults:
        if as_json:
            write_json({"place": fault.place(), "text": fault.text})
        else:
            say(fault.line())
    if faults:
        raise typer.Exit(1)
    say(f"{bot.name}: nothing is wrong.")


for _module in (dev, link, doctor, backup, roles):
    _module.register(app)

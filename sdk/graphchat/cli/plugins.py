"""Commands of the other parts: found by entry points, loaded when they are used."""

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from graphchat.cli.errors import MissingPartError

GROUP: Final = "graphchat.commands"
PANEL: Final = "Other parts"

# Known parts: what `graphchat --help` says of them, and the extra that they need.
_KNOWN: Final = {
    "relay": ("Run a relay and look after it.", "relay"),
    "bot": ("Write bots and run them.", "bots"),
    "demo": ("Start a relay and a bot here, and talk to the bot.", "relay,bots"),
    "bridge": ("Run bridges to other networks.", "irc,email"),
}


class Lazy(TyperCommand):
    """Stands for a command of another part in the list; becomes it when it is used."""

    def __init__(self, point: EntryPoint) -> None:
        text, self.extra = _KNOWN.get(point.name, (f"From {point.module}.", ""))
        super().__init__(point.name, help=text, add_help_option=False, rich_help_panel=PANEL)
        self._point: Final = point

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Return the context of the real command."""
        return as_command(self._point.name, self._point.load()).make_context(*args, **more)


class Commands(TyperGroup):
    """The commands of the program: its own, and those of the installed parts."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Groups first: a home begins with a profile and a relay.
        own = sorted(self.commands.items(), key=lambda item: not isinstance(item[1], TyperGroup))
        self.commands = dict(own)
        for point in found():
            self.commands.setdefault(point.name, Lazy(point))

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Raises `MissingPartError` if libraries of its part are missing."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            part = self.commands.get(ctx.invoked_subcommand)
            library = (error.name or "").partition(".")[0]
            if not isinstance(part, Lazy) or not part.extra or library.startswith("graphchat"):
                raise
            raise MissingPartError(
                f"graphchat {part.name} needs {library}, which is not installed:"
                f' pip install "graphchat[{part.extra}]"'
            ) from error


def found() -> Iterator[EntryPoint]:
    """Yield the entry points of commands, by name."""
    yield from sorted(entry_points(group=GROUP), key=lambda point: point.name)


def as_command(name: str, target: typer.Typer | Callable[..., object]) -> Any:
    """Return the command that an entry point names: an application, or a function."""
    outer = typer.Typer(add_completion=False)
    if isinstance(target, typer.Typer):
        outer.add_typer(target, name=name)
        group = get_command(outer)
        assert isinstance(group, TyperGroup)
        return group.commands[name]
    outer.command(name)(target)
    return get_command(outer)

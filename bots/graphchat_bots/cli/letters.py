"""``graphchat bot dead-letter``: what could not be handled."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli.errors import WrongUsageError
from graphchat.cli.options import Json
from graphchat_bots.cli.options import Target

if TYPE_CHECKING:
    from graphchat_bots.store.letters import Letter

app = typer.Typer(
    no_args_is_help=True,
    help="What a bot could not handle: look at it, let the bot try again, or drop it.",
    epilog="Example: graphchat bot dead-letter list shop.py",
)

Reference = Annotated[
    str | None,
    typer.Argument(metavar="[REFERENCE]", help="As listed; the chat was told it, too."),
]
COLUMNS: Final = ("reference", "what", "at", "error", "tries")


@app.command("list", epilog="Example: graphchat bot dead-letter list shop.py --show")
def list_(
    ctx: typer.Context,
    target: Target,
    show: Annotated[
        bool, typer.Option("--show", help="Also print who said what: it may be private.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List what was set aside after all tries, the oldest first, also while the bot runs.

    The log has the traceback under the same reference. Nothing that was said is printed
    without --show.
    """
    from graphchat.cli import output
    from graphchat_bots.cli.found import Found
    from graphchat_bots.store.letters import letters

    found = Found.of(ctx, target)
    kept = found.read(found.store, letters)
    if not kept:
        output.say(f"{found.bot.name} has no dead letters.")
    rows = [{**_record(each), **(_content(each) if show else {})} for each in kept]
    output.write_rows(rows, (*COLUMNS, *(("sender", "text") if show else ())), as_json=as_json)


@app.command(epilog="Example: graphchat bot dead-letter retry shop.py K3VQ-7YPD")
def retry(
    ctx: typer.Context,
    target: Target,
    reference: Reference = None,
    every: Annotated[bool, typer.Option("--all", help="All that is listed.")] = False,
) -> None:
    """Put back what was set aside: a bot that was stopped handles it at its next start.

    Messages come as they came, jobs are due at once, and what could not be sent is sent again.
    Each is tried once more, and not twice; if it fails again, it is listed again.
    """
    from graphchat.cli.output import say
    from graphchat.clock import SystemClock
    from graphchat_bots.cli.found import Found
    from graphchat_bots.store.letters import letters, retry as put_back

    found, now = Found.of(ctx, target), SystemClock().now()
    wanted = _Wanted(target, reference, every=every)

    count = found.write(lambda cursor: put_back(cursor, wanted.of(letters(cursor)), now))
    if count == 0:
        say("There is nothing to put back.")
        return
    say(
        f"{count} put back. {found.bot.name} handles it when it starts: graphchat bot run {target}"
    )


@app.command(epilog="Example: graphchat bot dead-letter drop shop.py --all")
def drop(
    ctx: typer.Context,
    target: Target,
    reference: Reference = None,
    every: Annotated[bool, typer.Option("--all", help="All that is listed.")] = False,
) -> None:
    """Forget what was set aside, for good. The bot must be stopped."""
    from graphchat.cli.output import say
    from graphchat_bots.cli.found import Found
    from graphchat_bots.store.letters import drop as forget, letters

    found = Found.of(ctx, target)
    wanted = _Wanted(target, reference, every=every)
    count = found.write(lambda cursor: forget(cursor, wanted.of(letters(cursor))))
    say(f"{count} dropped.")


class _Wanted:
    """Which letters a person means."""

    def __init__(self, target: str, reference: str | None, *, every: bool) -> None:
        if (reference is None) != every:
            raise WrongUsageError("Name a REFERENCE of the list, or say --all.")
        self._target = target
        self._reference = reference

    def of(self, kept: Sequence["Letter"]) -> Sequence["Letter"]:
        """Return those of ``kept``. Raises `NotFoundError`."""
        from graphchat.errors import NotFoundError

        if self._reference is None:
            return kept
        wanted = _spelled(self._reference)
        if found := [each for each in kept if _spelled(each.dead.reference) == wanted]:
            return found
        raise NotFoundError(
            f"There is no dead letter {self._reference}. See: graphchat bot dead-letter list"
            f" {self._target}"
        )


def _spelled(reference: str) -> str:
    return reference.replace("-", "").strip().casefold()


def _record(letter: "Letter") -> Mapping[str, object]:
    dead = letter.dead
    return {
        "reference": dead.reference,
        "what": f"{dead.kind} {dead.name}".strip(),
        "at": datetime.fromtimestamp(dead.at, UTC).isoformat(timespec="seconds"),
        "error": dead.error,
        "tries": dead.tries,
    }


def _content(letter: "Letter") -> Mapping[str, object]:
    from graphchat_bots.cli.show import what_was_said

    return {"sender": letter.dead.sender_name, "text": what_was_said(letter.dead)}

"""Making proofs of a conversation, and checking them with nothing but the file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json, Save, Who
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client import Client, OwnProfile
    from graphchat.core.proof import Findings, Verdict
    from graphchat.ids import MessageId

app: Final = typer.Typer(
    no_args_is_help=True, help="Prove to others what was said and received, and check proofs."
)

# Below so many messages nobody has to see how far it is.
MANY: Final = 500
ID_SIZE: Final = 16
OTHER_CODE: Final = (
    "The file is valid, but both sides named ANOTHER code than this one when they connected."
)


def message_id(text: str) -> bytes:
    """Read the id of a message. Raises `typer.BadParameter`."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != ID_SIZE:
        raise typer.BadParameter(
            f"{text!r} is no id of a message: 32 digits and letters up to f, as history --json"
            " shows them"
        )
    return found


def moment(text: str) -> datetime:
    """Read a date, with a time or without, in UTC unless it says more. Raises `BadParameter`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no date such as 2026-05-31 or 2026-05-31T18:00"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@app.command(epilog="Example: graphchat proof export Bob proof.json --since 2026-05-01")
def export(
    ctx: typer.Context,
    *,
    name: Who,
    file: Annotated[
        Path, typer.Argument(dir_okay=False, metavar="FILE", help="Where to write the proof.")
    ],
    message: Annotated[
        list[bytes] | None,
        typer.Option(
            parser=message_id,
            metavar="ID",
            help="Show only this message; give it again for more. See: history --json",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="DATE", help="Show only what was written since."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="DATE", help="Show only what was written before."),
    ] = None,
    without_attachments: Annotated[
        bool, typer.Option(help="Give hashes in the place of pictures and recordings.")
    ] = False,
    without_profiles: Annotated[
        bool, typer.Option(help="Leave out what both sides called themselves.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a file that proves what was said with a contact, and what was received.

    Anybody can check it with: graphchat proof verify FILE. The whole conversation is shown,
    unless you choose; of everything else it shows hashes, which tell nothing. Who has the file
    can read what it shows: it is not encrypted.
    """
    if file.exists():
        raise StateError(f"{file} is there already. Choose another name.")

    async def work(client: "Client", profile: "OwnProfile") -> bytes:
        contact = await profile.contact(name)
        with _bar("Reading") as progress:
            proof = await contact.export_proof(
                messages=_ids(message),
                since=since,
                until=until,
                attachments=not without_attachments,
                profiles=not without_profiles,
                progress=progress,
            )
        await proof.save(file)
        return proof.data

    _exported(file, home.run_as(ctx, work), as_json=as_json)


def _ids(found: list[bytes] | None) -> "list[MessageId] | None":
    from graphchat.ids import MessageId

    return [MessageId(each) for each in found] if found else None


def _exported(file: Path, data: bytes, *, as_json: bool) -> None:
    """Check what was made, as its reader will; tell what it shows."""
    findings = _checked(data).findings
    assert findings is not None
    count = len(findings.shown)
    if as_json:
        output.write_json({"file": str(file), "size": len(data), "messages": count})
    else:
        messages = "1 message" if count == 1 else f"{count} messages"
        output.say(f"{file} proves {messages}. To read it: graphchat proof verify {file}")


@app.command(epilog="Example: graphchat proof verify proof.json --code invitation.png")
def verify(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="A proof.")
    ],
    code: Annotated[
        str,
        typer.Option(
            metavar="LINK_OR_IMAGE",
            help="An invitation or address: was it the one by which they connected?",
        ),
    ] = "",
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Check a proof, and say what it shows and what it does not. Needs no home and no network.

    Ends with 0 if the file is valid, with 1 if it proves nothing, or if --code is another code.
    """
    from graphchat.core import proof

    with file.open("rb") as opened:
        data = opened.read(proof.MAX_SIZE + 1)
    verdict = _checked(data)
    fits = _fits(verdict.findings, code) if verdict.findings and code else None
    files = _saved(verdict.findings, save) if verdict.findings and save else {}
    if as_json:
        said = dict(proof.listing(verdict))
        said |= {} if fits is None else {"code_fits": fits}
        said |= {"files": files} if files else {}
        output.write_json(said)
    else:
        output.write_prose(output.plain("\n".join(_words(verdict, fits, files)), lines=True))
    if not verdict.valid or fits is False:
        raise typer.Exit(1)


def _words(verdict: "Verdict", fits: bool | None, files: dict[str, str]) -> Iterator[str]:
    from graphchat.core import proof

    if fits is False:
        yield f"{OTHER_CODE}\n"
    yield proof.in_words(verdict)
    if fits:
        yield "\nThe code that you gave is the one that both sides named when they connected."
    for name, path in files.items():
        yield f"\nThe attachment of message {name} was written to {path}"


def _checked(data: bytes) -> "Verdict":
    from graphchat.core import proof

    with _bar("Checking") as progress:
        return proof.verify(data, progress)


def _fits(findings: "Findings", code: str) -> bool:
    from graphchat.cli.connect import source_of
    from graphchat.codes import Code, qr

    source = source_of(code)
    found = Code.parse(source if isinstance(source, str) else qr.read(source))
    return found.hash == findings.code_hash


def _saved(findings: "Findings", folder: Path) -> dict[str, str]:
    """Write pictures to ``folder``; return the files by the ids of their messages."""
    from graphchat.cli import pictures
    from graphchat.ids import MessageId

    found = {}
    for shown in findings.shown:
        path = pictures.save(shown.message, MessageId(shown.id), folder)
        if path is not None:
            found[shown.id.hex()] = str(path)
    return found


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show how far something is, if it is long and somebody looks at a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(what, visible=False)

        def show(done: int, count: int) -> None:
            if count >= MANY and done % 100 == 0:
                bar.update(task, completed=done, total=count, visible=True, refresh=True)

        yield show

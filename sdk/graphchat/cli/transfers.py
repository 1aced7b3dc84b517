"""Files on their way, and the commands for them."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output, progress
from graphchat.cli.options import Json, WhichMessage, Who
from graphchat.errors import NotFoundError, StateError

if TYPE_CHECKING:
    from graphchat.client import Client, Contact, FileReceipt, Group, OwnProfile
    from graphchat.ids import MessageId

app: Final = typer.Typer(
    no_args_is_help=True,
    help="Files: getting those that were sent to you, and those of yours that are on their way."
    " They are sent by: graphchat send CONTACT --file FILE",
    epilog="Example: graphchat file get Bob last ~/Downloads",
)
# Seconds without a chunk after which a file is left to the next command.
PATIENCE: Final = 10.0
NONE: Final = "No file is on its way out."


@app.command(epilog="Example: graphchat file get Bob last ~/Downloads")
def get(
    ctx: typer.Context,
    name: Who,
    id_: WhichMessage,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A folder, or the new name of the file.")
    ] = Path(),
    as_json: Json = False,
) -> None:
    """Get a file from the relays, check that it is whole, and delete it there.

    Nothing is overwritten. What has come stays after Ctrl-C or a crash; the same command with
    the same PATH goes on. Relays keep a file for 21 days, unless their operators say otherwise.
    """

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        message_id = await _file_id(contact, id_)
        found = await fetched(contact, message_id, path.expanduser())
        await home.settle(client)
        if as_json:
            output.write_json(
                {"contact": contact.name, "id": message_id.hex(), "file": str(found)}
            )
        else:
            output.write(output.plain(str(found)))

    home.run_as(ctx, work)


@app.command("list", epilog="Example: graphchat file list --json")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the files of yours that are on their way to your relays."""

    async def work(client: "Client", profile: "OwnProfile") -> list[dict[str, object]]:
        return [
            {
                "contact": contact.name,
                "id": receipt.id.hex(),
                "name": receipt.name,
                "done": receipt.done,
                "total": receipt.total,
            }
            for contact, receipt in await profile.uploads()
        ]

    rows = home.run_as(ctx, work)
    if not rows:
        output.say(NONE)
    shown = [{**row, "done": f"{_percent(row)} %", "id": str(row["id"])[:8]} for row in rows]
    columns = ("contact", "id", "name", "done")
    output.write_rows(rows if as_json else shown, columns, as_json=as_json)


@app.command(epilog="Example: graphchat file resume")
def resume(ctx: typer.Context, as_json: Json = False) -> None:
    """Stay until your files that are on their way have left."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        found = await profile.uploads()
        if not found:
            output.say(NONE)
        for contact, receipt in found:
            await uploaded(receipt, as_json=as_json)
            await home.in_time(receipt.sent(), PATIENCE)
            head = {"event": receipt.state, "contact": contact.name, "id": receipt.id.hex()}
            if as_json:
                output.write_json(head)
            else:
                output.write(f"{output.plain(receipt.name)}: {receipt.state}")

    home.run_as(ctx, work)


@app.command(epilog="Example: graphchat file cancel Bob 1f3a")
def cancel(
    ctx: typer.Context,
    name: Who,
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="The beginning of its id, as file list shows it.")
    ],
) -> None:
    """Stop sending a file, and delete what relays have of it.

    One that has left already is taken back by: graphchat delete
    """

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await profile.contact(name)
        for whom, receipt in await profile.uploads():
            if whom == contact and id_ and receipt.id.hex().startswith(id_.lower()):
                await receipt.cancel()
                await home.settle(client)
                return
        raise NotFoundError("No such file is on its way to this contact. See: graphchat file list")

    home.run_as(ctx, work)
    output.say("It is not sent any more.")


async def uploaded(receipt: "FileReceipt", *, as_json: bool) -> None:
    """Wait until relays have a file, as long as it goes forward, and show how far it is.

    Raises `StateError` if it cannot be sent.
    """
    with progress.bar(receipt.name, bytes_=True) as shown:
        watch = (lambda _done, _total: None) if as_json else shown
        waiting = asyncio.ensure_future(receipt.uploaded(watch))
        before = -1
        try:
            while before < receipt.done or receipt.total == before == 0:
                before = receipt.done
                done, _ = await asyncio.wait([waiting], timeout=PATIENCE)
                if done:
                    waiting.result()
                    return
        finally:
            waiting.cancel()


async def fetched(contact: "Contact", message_id: "MessageId", target: Path) -> Path:
    """Fetch a file, and show how far it is."""
    file = (await contact.line(message_id)).message
    with progress.bar(getattr(file, "name", ""), bytes_=True) as shown:
        return await contact.fetch(message_id, target, shown)


async def posted(group: "Group", author: bytes, number: int, target: Path) -> Path:
    """Fetch the file of a post, and show how far it is.

    Raises `NotFoundError` if it is none of the newest posts, `StateError` if it has no file.
    """
    from graphchat.content import File

    name = await group.find(author, number)
    for line in await group.history(limit=1_000):
        if line.id == name and isinstance(line.message, File):
            with progress.bar(line.message.name, bytes_=True) as shown:
                return await group.fetch(line.message, name, target, shown)
    raise StateError("This post has no file, or stands above the last 1,000.")


async def _file_id(contact: "Contact", text: str) -> "MessageId":
    """Return the id of a message with a file; ``last`` is the newest that is one."""
    from graphchat.content import File

    if text != "last":
        return await contact.find(text, outgoing=False)
    before: int | None = None
    while page := await contact.history(before=before):
        for line in reversed(page):
            if isinstance(line.message, File) and not line.outgoing:
                return line.id
        before = page[0].position
    raise StateError(f"{contact.name} has sent no file.")


def _percent(row: dict[str, object]) -> int:
    done, total = row["done"], row["total"]
    assert isinstance(done, int)
    assert isinstance(total, int)
    return 100 * done // total if total else 100

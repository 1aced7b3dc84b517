"""Groups: founding, joining, talking."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output, transfers
from graphchat.cli.compose import Wanted, compose
from graphchat.cli.connect import source_of
from graphchat.cli.options import Json, Qr, Wait, Who
from graphchat.errors import ContentError, NotFoundError, StateError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphchat.client import Client, Group, LocalFile, OwnProfile
    from graphchat.content import Message

app = typer.Typer(
    no_args_is_help=True,
    help="Groups: many people, roles, and hosts that forward but can change nothing.",
    epilog="Begin with: graphchat group create Hikers, then graphchat group link Hikers",
)

GroupName = Annotated[
    str, typer.Argument(metavar="GROUP", help="A name or id of: graphchat group list.")
]
# Seconds for what has to leave before a command ends; the rest leaves with the next one.
LEAVE: Final = 5.0
# Seconds that relays have to take a post.
PATIENCE: Final = 10.0
HOST: Final = "This device forwards for the group: keep it running, such as by receive --follow."


@app.command(epilog="Example: graphchat group create Hikers --approval --history 20")
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What everybody sees.")],
    approval: Annotated[
        bool, typer.Option("--approval", help="Who comes by the link waits to be let in.")
    ] = False,
    history: Annotated[
        int, typer.Option(min=0, max=1000, help="How many of the last posts newcomers get.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Found a group. This device is its first host: it forwards what members say."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.create_group(name, approval=approval, history=history)
        show(group, as_json=as_json)

    home.run_as(ctx, work)
    output.say(HOST)


@app.command(epilog="Example: graphchat group invite Hikers Bob")
def invite(ctx: typer.Context, name: GroupName, contact: Who) -> None:
    """Invite a contact: they come in at once, without anybody's approval."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.group(name)
        await group.invite(await profile.contact(contact))
        await home.in_time(group.told(), LEAVE)

    home.run_as(ctx, work)
    output.say("The invitation is on its way.")


@app.command(epilog="Example: graphchat group link Hikers --qr hikers.png")
def link(ctx: typer.Context, name: GroupName, qr: Qr = None, as_json: Json = False) -> None:
    """Show the link by which anybody may come, or ask to be let in."""
    from graphchat.cli import codes

    async def work(client: "Client", profile: "OwnProfile") -> str:
        return (await profile.group(name)).link()

    codes.show(home.run_as(ctx, work), qr, as_json=as_json)


@app.command(epilog="Example: graphchat group join GRAPHCHAT:GROUP/... --wait 30")
def join(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="LINK_OR_IMAGE", help="A link, or a picture of a QR code.")
    ],
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Ask to be let into a group, by its link or by that of an invitation."""
    home.run_as(ctx, joining(source, wait, as_json=as_json))


def joining(
    source: str, wait: float | None, *, as_json: bool
) -> "Callable[[Client, OwnProfile], Awaitable[None]]":
    """Return the work of `join`, which `broadcast subscribe` shares. Raises `CodeError`."""
    code = source_of(source)

    async def work(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.join_group(code)
        await home.in_time(group.entered(), LEAVE if wait is None else wait)
        show(group, as_json=as_json)
        if wait is not None and group.status == "asked":
            raise StateError(
                f"Nobody let you in within {output.lasting(wait)}. Nothing is lost: graphchat"
                " receive goes on."
            )
        await home.in_time(group.told(), LEAVE)

    return work


@app.command("list", epilog="Example: graphchat group list --json")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the groups and broadcasts of the profile."""

    async def work(client: "Client", profile: "OwnProfile") -> list["Group"]:
        return await profile.groups()

    found = home.run_as(ctx, work)
    if not found:
        output.say("No group yet. Found one: graphchat group create NAME")
    output.write_rows([record(group) for group in found], COLUMNS, as_json=as_json)


@app.command(epilog="Example: graphchat group members Hikers")
def members(ctx: typer.Context, name: GroupName, as_json: Json = False) -> None:
    """List who is in a group, and what each may do."""

    async def work(client: "Client", profile: "OwnProfile") -> list[dict[str, object]]:
        return [
            {
                "name": each.name,
                "role": each.role,
                "host": each.host,
                "me": each.me,
                "muted_until": each.muted_until.isoformat() if each.muted_until else None,
                "key": each.key.hex(),
            }
            for each in (await profile.group(name)).members()
        ]

    columns = ["name", "role", "host", "me", "muted_until"]
    output.write_rows(home.run_as(ctx, work), columns, as_json=as_json)


@app.command(epilog='Example: graphchat group send Hikers "Sunday at eight?"')
def send(
    ctx: typer.Context,
    name: GroupName,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What to say; with --file what that is.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE", help="A picture, or any other file."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Post in a group. It is done once a relay has it for a host.

    A file stays at your relays for all members until it expires, after 21 days by default.
    """
    message = compose(Wanted(text, file)) if file else text

    async def work(client: "Client", profile: "OwnProfile") -> None:
        await say(await profile.group(name), message, as_json=as_json)

    home.run_as(ctx, work)


MemberName = Annotated[
    str, typer.Argument(metavar="MEMBER", help="A name of graphchat group members, or a key.")
]
Number = Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="As history shows it.")]


@app.command(epilog="Example: graphchat group get Hikers Bob 7 ~/Downloads")
def get(
    ctx: typer.Context,
    name: GroupName,
    member: MemberName,
    number: Number,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A folder, or the new name of the file.")
    ] = Path(),
) -> None:
    """Get the file of a post from the relays. Nothing is overwritten; see: graphchat file get."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.group(name)
        found = await transfers.posted(group, group.member(member).key, number, path.expanduser())
        output.write(output.plain(str(found)))

    home.run_as(ctx, work)


@app.command(epilog='Example: graphchat group edit Hikers 3 "Sunday at nine?"')
def edit(
    ctx: typer.Context,
    name: GroupName,
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What it is to say.")],
) -> None:
    """Let a post of yours say something else. Everybody sees that it was edited."""
    if not text.strip():
        raise ContentError("Nothing is left of the text. To delete it: graphchat group delete")

    async def work(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.group(name)
        me = next((each.key for each in group.members() if each.me), b"")
        output.write((await group.edit(await group.find(me, number), text)).state)
        await home.in_time(group.told(), LEAVE)

    home.run_as(ctx, work)


@app.command(epilog="Example: graphchat group react Hikers Bob 2 👍")
def react(
    ctx: typer.Context,
    name: GroupName,
    member: MemberName,
    number: Number,
    emoji: Annotated[
        str, typer.Argument(metavar="EMOJI", help="One emoji; left out, yours is taken back.")
    ] = "",
) -> None:
    """Answer a post by one emoji, instead of an earlier one."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.group(name)
        post = await group.find(group.member(member).key, number)
        output.write((await group.react(post, emoji)).state)
        await home.in_time(group.told(), LEAVE)

    home.run_as(ctx, work)


@app.command(epilog="Example: graphchat group vote Hikers Bob 2 1")
def vote(
    ctx: typer.Context,
    name: GroupName,
    member: MemberName,
    number: Number,
    options: Annotated[
        list[int] | None,
        typer.Argument(metavar="NUMBER...", min=1, help="As the poll shows them; none: no vote."),
    ] = None,
) -> None:
    """Vote in a poll of a group, instead of an earlier vote."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.group(name)
        post = await group.find(group.member(member).key, number)
        chosen = [option - 1 for option in options or []]
        output.write((await group.vote(post, *chosen)).state)
        await home.in_time(group.told(), LEAVE)

    home.run_as(ctx, work)


@app.command(epilog="Example: graphchat group history Hikers --search eight")
def history(
    ctx: typer.Context,
    name: GroupName,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only posts with this text in them.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many posts.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what was posted, oldest first. The number behind # is for: graphchat group delete."""
    from graphchat.cli import group_events
    from graphchat.cli.terminal import Terminal

    async def work(client: "Client", profile: "OwnProfile") -> list[str]:
        group = await profile.group(name)
        found = await group.history(query=search, limit=limit)
        if as_json:
            return [output.as_json(group_events.history_record(line)) for line in found]
        look = Terminal.here()
        return [group_events.history_line(group.name, line, look) for line in found]

    for line in home.run_as(ctx, work):
        output.write(line)


@app.command(epilog="Example: graphchat group leave Hikers")
def leave(
    ctx: typer.Context,
    name: GroupName,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete its history here as well.")
    ] = False,
) -> None:
    """Leave a group, or stop reading a broadcast."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.group(name)
        if group.status in {"asked", "member"}:
            await group.leave()
            await home.in_time(group.told(), LEAVE)
        if forget:
            await group.forget()
            await home.settle(client)

    home.run_as(ctx, work)
    output.say("You are out.")


COLUMNS: Final = ["group", "role", "status", "members", "host", "broadcast"]


def record(group: "Group") -> dict[str, object]:
    """Return what is shown of a group."""
    try:
        count = len(group.members())
    except StateError:
        count = 0
    return {
        "group": group.name,
        "id": group.id,
        "role": group.role,
        "status": group.status,
        "members": count,
        "host": group.is_host,
        "broadcast": group.broadcast,
    }


def show(group: "Group", *, as_json: bool) -> None:
    """Write one group."""
    output.write_card(record(group), as_json=as_json)


async def say(group: "Group", said: "str | LocalFile | Message", *, as_json: bool) -> None:
    """Post, and show how far it came."""
    from graphchat.client import FileReceipt

    if isinstance(said, str) and not said.strip():
        raise ContentError("There is nothing to post. Give a text.")
    receipt = await group.post(said)
    if isinstance(receipt, FileReceipt):
        await transfers.uploaded(receipt, as_json=as_json)
    await home.in_time(receipt.sent(), PATIENCE)
    await home.in_time(group.told(), LEAVE)
    if as_json:
        output.write_json({"event": receipt.state, "group": group.name, "id": receipt.id.hex()})
    else:
        output.write(receipt.state)


async def request(group: "Group", name: str):  # type: ignore[no-untyped-def]
    """Return who asks to be let in by this name or key. Raises `NotFoundError`."""
    found = await group.requests()
    for each in found:
        if name == each.name or (len(name) >= 8 and each.key.hex().startswith(name)):
            return each
    known = ", ".join(each.name for each in found[:10]) or "nobody"
    raise NotFoundError(f"No request of {name!r} in {group.name}. Asking: {known}.")

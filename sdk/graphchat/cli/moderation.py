"""Groups: who may do what, who comes in, what is taken away."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphchat.cli import group as groups, home, output
from graphchat.cli.group import GroupName, MemberName
from graphchat.cli.options import Json
from graphchat.errors import ContentError

if TYPE_CHECKING:
    from graphchat.client import Client, Group, OwnProfile

RoleName = Literal["observer", "member", "moderator", "admin", "owner"]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to those of groups."""
    examples: dict[Callable[..., None], str] = {
        role: "role Hikers Bob moderator",
        remove: "remove Hikers Mallory",
        ban: "ban Hikers Mallory",
        mute: "mute Hikers Bob --minutes 30",
        delete: "delete Hikers Bob 7",
        approve: "approve Hikers Carol",
        settings: "settings Hikers --approval --history 20",
        host: "host Hikers",
    }
    for command, example in examples.items():
        app.command(epilog=f"Example: graphchat group {example}")(command)


def role(ctx: typer.Context, name: GroupName, member: MemberName, new: RoleName) -> None:
    """Give a member another role. Owners give any; admins give those below their own."""

    async def work(group: "Group") -> None:
        await group.set_role(group.member(member), new)

    _do(ctx, name, work)


def remove(ctx: typer.Context, name: GroupName, member: MemberName) -> None:
    """Take a member out. They hear nothing more, and may be invited again."""

    async def work(group: "Group") -> None:
        await group.remove(group.member(member))

    _do(ctx, name, work)


def ban(ctx: typer.Context, name: GroupName, member: MemberName) -> None:
    """Take a member out for good. With a new key they could ask again: see --approval."""

    async def work(group: "Group") -> None:
        await group.ban(group.member(member))

    _do(ctx, name, work)


def mute(
    ctx: typer.Context,
    name: GroupName,
    member: MemberName,
    minutes: Annotated[int, typer.Option(min=0, help="For how long; 0 ends it.")] = 60,
) -> None:
    """Let nobody hear a member for a while."""

    async def work(group: "Group") -> None:
        until = datetime.now(UTC) + timedelta(minutes=minutes) if minutes else None
        await group.mute(group.member(member), until)

    _do(ctx, name, work)


def delete(
    ctx: typer.Context,
    name: GroupName,
    member: MemberName,
    number: Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="As history shows it.")],
) -> None:
    """Take a post away from everybody: your own, or as a moderator that of a member."""

    async def work(group: "Group") -> None:
        await group.delete(group.member(member).key, number)

    _do(ctx, name, work)


def approve(
    ctx: typer.Context,
    name: GroupName,
    who: Annotated[str, typer.Argument(metavar="NAME", help="Who asks; none: list them.")] = "",
    no: Annotated[bool, typer.Option("--no", help="Do not let them in.")] = False,
    as_json: Json = False,
) -> None:
    """Let somebody in who asks, or list who asks."""

    async def listed(client: "Client", profile: "OwnProfile") -> list[dict[str, object]]:
        found = await (await profile.group(name)).requests()
        return [{"name": each.name, "key": each.key.hex()} for each in found]

    async def work(group: "Group") -> None:
        request = await groups.request(group, who)
        await (request.reject() if no else request.accept())

    if who:
        _do(ctx, name, work)
        return
    rows = home.run_as(ctx, listed)
    if not rows:
        output.say("Nobody asks to be let in.")
    output.write_rows(rows, ["name", "key"], as_json=as_json)


def settings(  # noqa: PLR0917 - typer has them by name
    ctx: typer.Context,
    name: GroupName,
    rename: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    approval: Annotated[
        bool | None, typer.Option(help="Whether who comes by the link waits to be let in.")
    ] = None,
    history: Annotated[
        int | None, typer.Option(min=0, max=1000, help="How many posts newcomers get.")
    ] = None,
    post: Annotated[RoleName | None, typer.Option(help="Who may post, at least.")] = None,
    invite: Annotated[RoleName | None, typer.Option(help="Who may invite, at least.")] = None,
    let_in: Annotated[RoleName | None, typer.Option(help="Who may let in, at least.")] = None,
    mesh: Annotated[
        bool | None, typer.Option(help="Whether members connect directly (up to 12 of them).")
    ] = None,
    disappear: Annotated[
        int | None, typer.Option(min=0, help="Seconds until posts are deleted; 0 for never.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the settings of a group, or change those that are named."""
    from graphchat.core.groups.actions import Change, Role

    given: dict[str, object] = {
        "name": rename,
        "description": description,
        "approval": approval,
        "history": history,
        "mesh": mesh,
        "disappear": disappear,
    }
    roles = {"post": post, "invite": invite, "approve": let_in}
    given |= {key: Role[each.upper()] for key, each in roles.items() if each}
    change = Change(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]

    async def work(group: "Group") -> None:
        if change.given:
            await group.change(change)
        found = group.settings
        record = {field: getattr(found, field) for field in found.__struct_fields__}
        words = {key: record[key].name.lower() for key in ("post", "invite", "approve")}
        output.write_card({**record, **words}, as_json=as_json)

    _do(ctx, name, work)


def host(
    ctx: typer.Context,
    name: GroupName,
    stop: Annotated[bool, typer.Option("--stop", help="Forward no more.")] = False,
) -> None:
    """Forward for a group with this device, as an owner or admin, beside the other hosts."""

    async def work(group: "Group") -> None:
        await group.host(on=not stop)

    _do(ctx, name, work)
    output.say("This device forwards no more." if stop else groups.HOST)


def _do(ctx: typer.Context, name: str, work: "Callable[[Group], Awaitable[None]]") -> None:
    async def done(client: "Client", profile: "OwnProfile") -> None:
        group = await profile.group(name)
        if group.status != "member":
            raise ContentError(f"You are not in {group.name}. See: graphchat group list")
        await work(group)
        await home.in_time(group.told(), groups.LEAVE)

    home.run_as(ctx, done)

"""Profiles of this home: who you are to your contacts."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.errors import WrongUsageError
from graphchat.cli.options import Json
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client import Client, OwnProfile, Profile

app = typer.Typer(
    no_args_is_help=True,
    help="Who you are to your contacts: a name, a picture, a line.",
    epilog="Example: graphchat profile create Alice --avatar me.jpg",
)

Avatar = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="A picture; made small, its metadata removed.",
    ),
]
Status = Annotated[
    str | None, typer.Option(metavar="TEXT", help="One line of what you are up to.")
]
Bio = Annotated[str | None, typer.Option(metavar="TEXT", help="Some words about you.")]
Which = Annotated[str | None, typer.Argument(metavar="NAME", help="Needed if there are several.")]

COLUMNS: Final = ("name", "status", "contacts")


@app.command(epilog='Example: graphchat profile create Alice --status "on a boat"')
def create(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What contacts see; any text.")],
    avatar: Avatar = None,
    status: Status = None,
    bio: Bio = None,
    as_json: Json = False,
) -> None:
    """Make a profile, and the home with it if there is none.

    Nobody is asked and nothing is registered: only contacts that you accept will see it.
    """

    async def work(client: "Client") -> Mapping[str, object]:
        from graphchat.client import Profile

        await _check_free(client, name)
        wanted = Profile(name, _picture(avatar), status=status or "", bio=bio or "")
        made = await client.create_profile(wanted)
        if not client.relays:
            output.say("Next, a relay to receive through: graphchat servers add URI")
        return await _record(made)

    output.write_card(home.run(ctx, work, create=True), as_json=as_json)


@app.command("list", epilog="Example: graphchat profile list --json")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the profiles of this home."""

    async def work(client: "Client") -> list[Mapping[str, object]]:
        return [await _record(profile) for profile in await client.profiles()]

    rows = home.run(ctx, work) if home.Home.of(ctx).exists else []
    if not rows:
        output.say(home.NO_PROFILE)
    output.write_rows(rows, COLUMNS, as_json=as_json)


@app.command(epilog="Example: graphchat profile show Alice")
def show(ctx: typer.Context, name: Which = None, as_json: Json = False) -> None:
    """Show what contacts see of a profile."""

    async def work(client: "Client") -> Mapping[str, object]:
        return await _record(await _named(ctx, client, name, "show"))

    output.write_card(home.run(ctx, work), as_json=as_json)


@app.command(epilog="Example: graphchat profile edit Alice --name Alicia --avatar new.png")
def edit(
    ctx: typer.Context,
    *,
    name: Which = None,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="NEW", help="The new name.")
    ] = None,
    avatar: Avatar = None,
    no_avatar: Annotated[bool, typer.Option("--no-avatar", help="Remove the picture.")] = False,
    status: Status = None,
    bio: Bio = None,
    indicators: Annotated[
        bool | None,
        typer.Option(
            "--indicators/--no-indicators",
            help="Tell contacts what you have read and that you type, and see it of them.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change a profile; contacts are told. What is not named stays as it is.

    Indicators are off at first. Whoever has them off neither sends nor sees them.
    """
    if avatar is not None and no_avatar:
        raise WrongUsageError("Choose one of --avatar and --no-avatar.")
    if not no_avatar and (new_name, avatar, status, bio, indicators) == (None,) * 5:
        raise WrongUsageError(
            "Nothing to change. Say what: --name, --avatar, --no-avatar, --status, --bio or"
            " --indicators."
        )

    async def work(client: "Client") -> Mapping[str, object]:
        profile = await _named(ctx, client, name, "edit")
        if new_name not in {None, profile.name}:
            await _check_free(client, new_name)
        await profile.edit(_edited(profile, new_name, avatar, status, bio, no_avatar=no_avatar))
        if indicators is not None:
            await profile.set_indicators(wanted=indicators)
        await home.in_time(profile.flushed(), home.SETTLE)
        return await _record(profile)

    output.write_card(home.run(ctx, work), as_json=as_json)


@app.command(epilog="Example: graphchat profile delete Alice")
def delete(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a profile with its contacts and conversations, and its queues at the relays."""

    async def look(client: "Client") -> str:
        await home.choose(client, name)
        return f"Delete {name} with all contacts and messages, for good?"

    async def work(client: "Client") -> None:
        await client.delete_profile(await home.choose(client, name))
        await home.settle(client)

    if not yes:
        refusal = f"Nobody is here to ask. To delete {name!r} for good, add --yes."
        home.run_after_a_yes(ctx, look, work, refusal)
    else:
        home.run(ctx, work)
    output.say(f"The profile {name} is deleted.")


async def _check_free(client: "Client", name: str | None) -> None:
    if any(profile.name == name for profile in await client.profiles()):
        raise StateError(f"There is a profile {name!r} already. Choose another name.")


async def _named(
    ctx: typer.Context, client: "Client", name: str | None, command: str
) -> "OwnProfile":
    chosen = name or home.Home.of(ctx).profile
    return await home.choose(client, chosen, f"graphchat profile {command} NAME")


def _edited(
    profile: "OwnProfile",
    name: str | None,
    avatar: Path | None,
    status: str | None,
    bio: str | None,
    *,
    no_avatar: bool,
) -> "Profile":
    from graphchat.client import Profile

    card = profile.card
    return Profile(
        card.name if name is None else name,
        _picture(avatar) or (None if no_avatar else card.avatar),
        card.kind,
        card.status if status is None else status,
        card.bio if bio is None else bio,
    )


def _picture(path: Path | None) -> bytes | None:
    from graphchat.content.pictures import MAX_FILE

    if path is None:
        return None
    with path.open("rb") as file:
        return file.read(MAX_FILE + 1)  # too large is told by one byte more


async def _record(profile: "OwnProfile") -> Mapping[str, object]:
    card = profile.card
    return {
        "name": card.name,
        "kind": card.kind,
        "status": card.status,
        "bio": card.bio,
        "avatar": card.avatar is not None,
        "indicators": profile.indicators,
        "contacts": len(await profile.contacts()),
    }

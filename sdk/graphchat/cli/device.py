"""The devices of a person: linking one, listing and removing them."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import home, output
from graphchat.cli.options import Json, Qr, seconds
from graphchat.errors import StateError

if TYPE_CHECKING:
    from graphchat.client import Client, OwnProfile
    from graphchat.client.devices.device import Meeting

app = typer.Typer(
    no_args_is_help=True,
    help="Use one profile on several devices: link, accept, list, remove.",
    epilog="On this device: graphchat device link. On the new one: graphchat device accept LINK",
)
MOST: Final = 64
# Seconds to stay for lines of before; what remains goes on with other commands.
SYNC: Final = 20.0
COLUMNS: Final = ("device", "state", "id")
COMPARE: Final = "Both screens must show these words:"

Name = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="What your devices call this one.", show_default="its host"
    ),
]
Patience = Annotated[
    float,
    typer.Option(
        "--wait", parser=seconds, metavar="SECONDS", help="Stay this long at most; 0: do not stay."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Which = Annotated[
    str, typer.Argument(metavar="DEVICE", help="A name or id of: graphchat device list.")
]


@app.command(epilog="Example: graphchat device link --name phone")
def link(  # noqa: PLR0917 - one for each option
    ctx: typer.Context,
    name: Name = None,
    qr: Qr = None,
    wait: Patience = 600.0,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make a one-time code for a new device of yours, and let that device in.

    Use the code there: graphchat device accept LINK. Then both screens show four words. Say yes
    only if they are the same: the new device gets your profile, your contacts and all that was
    said, and speaks as you. Your contacts see how many devices you use.
    """
    from graphchat.cli import codes

    async def show(client: "Client", profile: "OwnProfile") -> tuple[str, str, str] | None:
        made = await profile.link_device(name or _host())
        codes.show(made.link, qr, as_json=as_json)
        if not wait:
            output.say("Stay with: graphchat receive. Then: graphchat device confirm NAME")
            return None
        output.say(f"Use it on the new device within {output.lasting(wait)} ...")
        if not await home.in_time(_ready(made), wait):
            raise StateError(
                f"Nobody has used it within {output.lasting(wait)}. The code stays good:"
                " graphchat receive goes on with it."
            )
        device = await made.device()
        return device.name, device.id, " ".join(device.words)

    found = home.run_as(ctx, show)
    if found is None:
        return
    other, device_id, words = found
    output.say(f"The device {output.plain(other)} asks to be linked. {COMPARE} {words}")
    if not yes and not output.can_ask():
        output.say(f"If they are the same: graphchat device confirm {output.plain(other)} --yes")
        return
    _decide(ctx, device_id, other, yes=yes, as_json=as_json)


async def _ready(meeting: "Meeting") -> None:
    await meeting.words()
    await meeting.device()


@app.command(epilog="Example: graphchat device accept GRAPHCHAT:DEVICE/AEBA... --name laptop")
def accept(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="LINK", help="The link, or a picture of its QR code.")
    ],
    name: Name = None,
    wait: Patience = 600.0,
    as_json: Json = False,
) -> None:
    """Become one more device of whoever has made this code: you, on another device.

    Compare the words of both screens; the other device has to say yes. Without relays of its own
    this home uses those of the code.
    """
    from graphchat.cli.progress import bar

    async def work(client: "Client") -> Mapping[str, object]:
        path = Path(source)
        joined = await client.accept_device(path if _is_file(path) else source, name or _host())

        async def until_in() -> None:
            words = await joined.words()
            output.say(f"{COMPARE} {' '.join(words)}")
            output.say("Say yes on the other device ...")
            with bar("What was said") as progress:
                await joined.synced(progress)

        if not await home.in_time(until_in(), wait):
            output.say("Not done yet. It goes on with: graphchat receive")
        return {"profile": joined.profile.name, "contacts": len(await joined.profile.contacts())}

    done = home.run(ctx, work, create=True)
    if as_json:
        output.write_json(done)
    else:
        output.say(f"This is a device of {output.plain(str(done['profile']))} now.")


@app.command(name="list", epilog="Example: graphchat device list --json")
def show(ctx: typer.Context, as_json: Json = False) -> None:
    """List your devices, this one first."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        from graphchat.cli.device_events import about

        found = await profile.devices()
        if not found:
            output.say("This is the only one. Link another: graphchat device link")
        rows = [about(each) for each in found]
        output.write_rows(rows, COLUMNS, as_json=as_json)

    home.run_as(ctx, work)


@app.command(epilog="Example: graphchat device confirm laptop")
def confirm(ctx: typer.Context, which: Which, yes: Yes = False, as_json: Json = False) -> None:
    """Let a device in that asks to be linked, if both screens show the same words."""

    async def look(client: "Client", profile: "OwnProfile") -> tuple[str, str]:
        device = await profile.device(which)
        if device.state != "asking":
            raise StateError(f"The device {output.plain(which)} does not wait for a yes.")
        return device.id, " ".join(device.words)

    device_id, words = home.run_as(ctx, look)
    output.say(f"{COMPARE} {words}")
    if not yes and not output.can_ask():
        raise StateError("Nobody is here to ask. If the words are the same, add --yes.")
    _decide(ctx, device_id, which, yes=yes, as_json=as_json)


def _decide(ctx: typer.Context, device_id: str, name: str, *, yes: bool, as_json: bool) -> None:
    """Let a device in after a yes, else send it away."""
    from graphchat.cli.device_events import about
    from graphchat.cli.progress import bar

    agreed = yes or typer.confirm(f"Does {output.plain(name)} show the same words?", err=True)

    async def work(client: "Client", profile: "OwnProfile") -> None:
        device = await profile.device(device_id)
        if not agreed:
            await device.refuse()
            await home.settle(client)
            return
        await device.confirm()
        with bar("What was said") as progress:
            if not await home.in_time(device.synced(progress), SYNC):
                output.say("What was said follows while both are open: graphchat receive")
        if as_json:
            output.write_json(about(device))

    home.run_as(ctx, work)
    if not agreed:
        raise StateError(
            "Then somebody else may have seen the code. The device is sent away and was told"
            " nothing; make another code where nobody can see it: graphchat device link"
        )
    output.say(f"The device {output.plain(name)} is linked.")


@app.command(epilog="Example: graphchat device remove phone")
def remove(ctx: typer.Context, which: Which, yes: Yes = False) -> None:
    """Remove another device of yours: lost, stolen, sold. It need not be reachable.

    Your contacts are told: they send it nothing more, and take nothing from it. What it has
    already stays on it.
    """

    async def look(client: "Client") -> str:
        profile = await home.choose(client, home.Home.of(ctx).profile)
        return f"Remove the device {(await profile.device(which)).name} for good?"

    async def work(client: "Client") -> None:
        profile = await home.choose(client, home.Home.of(ctx).profile)
        await (await profile.device(which)).remove()
        await home.in_time(profile.flushed(), home.SETTLE)
        await home.settle(client)

    if yes:
        home.run(ctx, work)
    else:
        refusal = f"Nobody is here to ask. To remove {which!r} for good, add --yes."
        home.run_after_a_yes(ctx, look, work, refusal)
    output.say(f"The device {output.plain(which)} is removed.")


def _host() -> str:
    return platform.node().split(".")[0][:MOST] or "device"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False

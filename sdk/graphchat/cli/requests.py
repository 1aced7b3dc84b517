"""Who asks, at the address of a profile, to become a contact."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import contacts, home, output
from graphchat.cli.options import Json, Wait
from graphchat.errors import NotFoundError, StateError

if TYPE_CHECKING:
    from graphchat.client import Client, OwnProfile, Request

app = typer.Typer(
    no_args_is_help=True,
    help="Who asks at your address to become a contact.",
    epilog="Example: graphchat requests accept Bob",
)

# Seconds that a relay gets to take our answer.
PATIENCE: Final = 10.0
COLUMNS: Final = ("contact", "kind", "text")
NOBODY: Final = (
    "Nobody waits for an answer among what has been received. To fetch what is new: graphchat"
    " receive"
)

Who = Annotated[
    str, typer.Argument(metavar="NAME", help="A name or id of: graphchat requests list.")
]


@app.command("list", epilog="Example: graphchat requests list --json")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List who waits for your answer, and what they say. Names are what they claim.

    It shows what has been received so far; graphchat receive fetches what is new.
    """

    async def work(client: "Client", profile: "OwnProfile") -> list[Mapping[str, object]]:
        if dropped := await profile.dropped_requests():
            output.say(f"{dropped} requests were dropped, because too many waited for an answer.")
        return [_record(request) for request in await profile.requests()]

    rows = home.run_as(ctx, work)
    if not rows:
        output.say(NOBODY)
    output.write_rows(rows, COLUMNS, as_json=as_json)


@app.command(epilog="Example: graphchat requests accept Bob --wait 30")
def accept(ctx: typer.Context, name: Who, wait: Wait = None, as_json: Json = False) -> None:
    """Become contacts with somebody who asks."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        contact = await (await _find(profile, name)).accept()
        if not await home.in_time(contact.asked(), PATIENCE):
            output.say("No relay answers; the answer leaves with the next command that connects.")
        await home.settle(client, 1.0)
        if wait is not None:
            await home.in_time(contact.established(), wait)
        contacts.show([contact], as_json=as_json)
        if wait is not None and contact.state != "established":
            raise StateError(
                f"They did not come back within {output.lasting(wait)}. Nothing is lost: graphchat"
                " receive goes on."
            )

    home.run_as(ctx, work)


@app.command(epilog="Example: graphchat requests reject Mallory")
def reject(ctx: typer.Context, name: Who) -> None:
    """Forget a request. The other side is not told."""

    async def work(client: "Client", profile: "OwnProfile") -> None:
        await (await _find(profile, name)).reject()
        await home.settle(client, 1.0)

    home.run_as(ctx, work)
    output.say("The request is forgotten.")


async def _find(profile: "OwnProfile", name: str) -> "Request":
    requests = await profile.requests()
    for request in requests:
        if name in {request.name, request.contact.id}:
            return request
    known = ", ".join(request.name for request in requests[:10]) or "nobody"
    raise NotFoundError(f"No request of {name!r}. Asking: {known}. See: graphchat requests list")


def _record(request: "Request") -> Mapping[str, object]:
    profile = request.profile
    return {
        "contact": request.name,
        "id": request.contact.id,
        "kind": request.contact.kind,
        "text": request.text,
        "status": profile.status if profile else "",
        "bio": profile.bio if profile else "",
    }

"""Who asks, at the address of a profile, to become a contact, and who is introduced."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from graphchat.cli import contacts, home, output
from graphchat.cli.options import Json, Wait
from graphchat.errors import NotFoundError, StateError

if TYPE_CHECKING:
    from graphchat.client import Client, Introduction, OwnProfile, Request

app = typer.Typer(
    no_args_is_help=True,
    help="Who asks at your address to become a contact, and who is introduced to you.",
    epilog="Example: graphchat requests accept Bob",
)

# Seconds that a relay gets to take our answer.
PATIENCE: Final = 10.0
COLUMNS: Final = ("contact", "id", "kind", "trust", "introduced_by", "text")
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

    Who has several lines is introduced to you by several contacts. To accept them by name joins
    them all, which makes it harder to lie for one of them; the other one has to join the same.

    It shows what has been received so far; graphchat receive fetches what is new.
    """

    async def work(client: "Client", profile: "OwnProfile") -> list[Mapping[str, object]]:
        if dropped := await profile.dropped_requests():
            output.say(f"{dropped} requests were dropped, because too many waited for an answer.")
        rows = [_record(request) for request in await profile.requests()]
        return rows + [_introduction(each) for each in await profile.introductions()]

    rows = home.run_as(ctx, work)
    if not rows:
        output.say(NOBODY)
    output.write_rows(rows, COLUMNS, as_json=as_json)


@app.command(epilog="Example: graphchat requests accept Bob --wait 30")
def accept(ctx: typer.Context, name: Who, wait: Wait = None, as_json: Json = False) -> None:
    """Become contacts with somebody who asks, or who is introduced to you.

    By name it accepts all introductions to somebody of that name, as one; by id only that one.
    """

    async def work(client: "Client", profile: "OwnProfile") -> None:
        if found := await _introductions(profile, name):
            await found[0].accept(found[1:])
            for each in found:
                await home.in_time(each.introducer.flushed(), PATIENCE)
            by = ", ".join(output.plain(each.introducer.name) for each in found)
            output.say(
                f"You have said yes. Once {output.plain(found[0].name)} does, {by} passes"
                " it on: graphchat receive"
            )
            return
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
        if found := await _introductions(profile, name):
            for each in found:
                await each.reject()
            return
        await (await _find(profile, name)).reject()
        await home.settle(client, 1.0)

    home.run_as(ctx, work)
    output.say("The request is forgotten.")


async def _introductions(profile: "OwnProfile", name: str) -> "list[Introduction]":
    """Return the introductions to somebody of this name, or the one with this id."""
    if any(name in {each.name, each.contact.id} for each in await profile.requests()):
        return []
    found = await profile.introductions()
    return [each for each in found if each.id == name] or [
        each for each in found if each.name == name
    ]


def _introduction(found: "Introduction") -> Mapping[str, object]:
    return {
        "contact": found.name,
        "id": found.id,
        "kind": found.profile.kind,
        "introduced_by": found.introducer.name,
        "trust": found.trust,
        "text": found.text,
        "status": found.profile.status,
        "bio": found.profile.bio,
    }


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
        "introduced_by": "",
        "trust": request.contact.trust,
        "text": request.text,
        "status": profile.status if profile else "",
        "bio": profile.bio if profile else "",
    }

"""Queues of a file, deleted at their relays: stored work, so that it happens some day."""

from collections.abc import Iterable
from functools import partial

from graphchat.client import rows
from graphchat.client.apply import Applier
from graphchat.client.context import Job
from graphchat.client.files.records import PlaceState
from graphchat.client.stored import RemoveWork
from graphchat.content import File
from graphchat.secret import Secret


def remove(turn: Applier, profile: int, places: Iterable[PlaceState]) -> None:
    for place in places:
        work = RemoveWork(place.relay, place.base, place.recipient_id, place.key, profile)
        work_id = next(turn.context.work_ids)
        turn.unit.write(rows.work(work_id, None, work))
        turn.unit.after(partial(turn.context.hire, Job(work_id, None, work)))


def places_of(file: File) -> list[PlaceState]:
    """Return the queues that a message names, without the ids for sending to them."""
    return [
        PlaceState(host.relay, host.base, place.queue, b"", Secret(place.key))
        for copies in file.strips
        for place in copies
        for host in [file.hosts[place.host]]
    ]

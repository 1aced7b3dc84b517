"""What a bot was to do, as a dead letter keeps it: whole, so that it can be done later."""

from dataclasses import fields, replace
from hashlib import sha256
from typing import Final, get_type_hints

import msgspec

from graphchat.content import decode, encode
from graphchat_bots.port import Incoming
from graphchat_bots.turn import Job, Outgoing

EVENT: Final = "(event)"
"""The name of a job that is an event of the dead letters: no function is called like this."""

_BYTES: Final = [bytes]


def pack_event(incoming: Incoming) -> bytes:
    """Return all that is known of an event, and what was said."""
    said = None if incoming.message is None else encode(incoming.message)
    rest = msgspec.to_builtins(replace(incoming, message=None), builtin_types=_BYTES)
    return msgspec.msgpack.encode((rest, said))


def unpack_event(data: bytes) -> Incoming:
    """Return what was packed; a field that was unknown then has its default."""
    rest, said = msgspec.msgpack.decode(data, type=tuple[dict[str, object], bytes | None])
    hints = get_type_hints(Incoming)
    names = {field.name for field in fields(Incoming)} & rest.keys() - {"message"}
    known = {
        name: msgspec.convert(rest[name], hints[name], builtin_types=_BYTES) for name in names
    }
    return Incoming(**known, message=None if said is None else decode(said))


def pack_job(job: Job) -> bytes:
    """Return a job as it was to run."""
    return msgspec.msgpack.encode(job)


def unpack_job(data: bytes) -> Job:
    """Return what was packed."""
    return msgspec.msgpack.decode(data, type=Job)


def pack_outgoing(outgoing: Outgoing) -> bytes:
    """Return what was to leave."""
    return msgspec.msgpack.encode(outgoing)


def unpack_outgoing(data: bytes) -> Outgoing:
    """Return what was packed."""
    return msgspec.msgpack.decode(data, type=Outgoing)


def event_in(job: Job) -> Incoming | None:
    """Return the event that ``job`` is to handle once more, or nothing if it is a usual job."""
    return replace(unpack_event(job.body), id=job.id) if job.name == EVENT else None


def next_id(event_id: str) -> str:
    """Return the id under which an event, or a job, is tried once more.

    Another, for the ids of its answers come from it: the chat has had one under the old id,
    the apology, and would drop a second.
    """
    return f"job-{sha256(b'gc/1 bot retry' + event_id.encode()).digest()[:16].hex()}"

"""A verdict as plain values, which JSON can hold; and what a message says, field by field.

Bytes are in hexadecimal, times in ISO 8601 (UTC), next to the milliseconds that were signed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import msgspec

from graphchat.content import Message, Unknown
from graphchat.core.proof.findings import Findings, Hidden, Reception, Shown, Verdict, Who

Listing = Mapping[str, object]

# Bytes of a field that are shown; of more, such as a picture, size and hash.
SHORT: Final = 64


def listing(verdict: Verdict) -> Listing:
    """Return all that a verdict says."""
    if (found := verdict.findings) is None:
        problem = verdict.problem
        assert problem is not None
        return {"valid": False, "where": problem.where, "problem": problem.what}
    return {"valid": True, **_findings(found)}


def _findings(found: Findings) -> Listing:
    return {
        "code_hash": found.code_hash.hex(),
        "connection": found.cid.hex(),
        "made_by": found.made_by,
        "made_at": time(found.made_ms),
        "made_ms": found.made_ms,
        "sides": [_who(who) for who in found.sides],
        "messages": [_shown(shown) for shown in found.shown],
        "hidden": [_hidden(hidden) for hidden in found.hidden],
        "receipts": [_reception(reception) for reception in found.receptions],
    }


def _who(who: Who) -> Listing:
    return {
        "side": who.author,
        "keys": [key.hex() for key in who.keys],
        "changes": [
            {"key": each.key.hex(), "stream": each.stream.hex(), "from_number": each.from_seq}
            for each in who.changes
        ],
        "claimed_names": list(who.names),
    }


def _shown(shown: Shown) -> Listing:
    received = shown.received_ms
    return {
        "author": shown.author,
        "number": shown.seq,
        "stream": shown.stream.hex(),
        "id": shown.id.hex(),
        "claimed_at": time(shown.ts_ms),
        "claimed_ms": shown.ts_ms,
        "received_at": None if received is None else time(received),
        "received_ms": received,
        **message_fields(shown.message),
    }


def _hidden(hidden: Hidden) -> Listing:
    return {
        "author": hidden.author,
        "stream": hidden.stream.hex(),
        "first": hidden.first,
        "last": hidden.last,
        "hashed": hidden.hashed,
    }


def _reception(reception: Reception) -> Listing:
    return {
        "by": reception.by,
        "stream": reception.stream.hex(),
        "up_to": reception.seq,
        "at": time(reception.ts_ms),
        "ms": reception.ts_ms,
    }


def message_fields(message: Message) -> dict[str, object]:
    """Return the type of a message, and its fields: of long bytes size and SHA-256."""
    if isinstance(message, Unknown):
        return {"type": message.type, "raw": _value(message.raw)}
    fields = msgspec.structs.asdict(message)
    return {
        "type": str(type(message).__struct_config__.tag),
        **{name: _value(value) for name, value in fields.items()},
    }


def _value(value: object) -> object:
    if isinstance(value, bytes) and len(value) > SHORT:
        return {"size": len(value), "sha256": sha256(value).hexdigest()}
    return msgspec.to_builtins(_hexed(value))


def _hexed(value: object) -> object:
    match value:
        case bytes():
            return value.hex()
        case tuple():
            return [_value(each) for each in value]
        case msgspec.Struct():
            return {name: _value(each) for name, each in msgspec.structs.asdict(value).items()}
        case _:
            return value


def time(ms: int) -> str:
    """Return a time in ISO 8601, or in words if there is no such year in the calendar."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms after 1970, beyond the calendar"

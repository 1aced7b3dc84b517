"""JSON Schemas of what travels, made from the structs that read and write it.

The structs say which properties there are; what a type cannot say, such as the lengths that an
envelope may have, is added here from the same limits that the relay judges by.
"""

from typing import Any, Final

import msgspec

from graphchat.wire.limits import INLINE, KEY, OBJECT_ID, SIGNATURE, SIZES
from graphchat.wire.uri import ID_CHARACTERS, LONGEST

Schema = dict[str, Any]
COMPONENTS: Final = "#/components/schemas/"

# 16 random characters; 18 random bytes as base64url.
MESSAGE_ID: Final = r"^[A-Za-z0-9_-]{16}$"
QUEUE_ID: Final = rf"^[A-Za-z0-9_-]{{{ID_CHARACTERS}}}$"
QUEUE_URI: Final = rf"^https?://\S+/[A-Za-z0-9_-]{{{ID_CHARACTERS}}}$"
NONCE: Final = r"^[A-Za-z0-9_-]{21}[AQgw]$"


def base64_pattern(size: int) -> str:
    """Return the pattern of ``size`` bytes in base64 with padding.

    RFC 4648, 3.5: the spare bits of the last character are zero, but a reader may overlook them.
    """
    digits = (8 * size + 5) // 6
    return f"^[A-Za-z0-9+/]{{{digits}}}{'=' * (-digits % 4)}$"


def envelope(*sizes: int) -> Schema:
    """Return the schema of an envelope of one of these sizes, all of them multiples of three."""
    lengths = [4 * size // 3 for size in sizes]
    return {
        "type": "string",
        "contentEncoding": "base64",
        "pattern": "^[A-Za-z0-9+/]*$",
        "anyOf": [{"minLength": length, "maxLength": length} for length in lengths],
    }


_FIXED: Final[dict[str, Schema]] = {
    "recipient": {"pattern": base64_pattern(KEY)},
    "sender": {"pattern": base64_pattern(KEY)},
    "relay": {"pattern": base64_pattern(KEY)},
    "auth": {"pattern": base64_pattern(SIGNATURE)},
    "nonce": {"pattern": NONCE},
}
# What a relay writes has exactly this form; what it reads, it takes as the structs say.
_WRITTEN: Final[dict[str, dict[str, Schema]]] = {
    "CreatedQueue": {
        "recipientURI": {"pattern": QUEUE_URI, "maxLength": LONGEST},
        "senderURI": {"pattern": QUEUE_URI, "maxLength": LONGEST},
    },
    "Message": {
        "id": {"pattern": MESSAGE_ID},
        "ts": {"minimum": 0, "description": "When it came, in seconds since 1970-01-01 UTC."},
        "size": {"enum": list(SIZES), "description": "Its length in bytes: a size class."},
        "msg": envelope(*SIZES)
        | {"description": f"In lists and pushes only up to {INLINE} bytes; else it is missing."},
    },
    "MessageList": {
        "nextMessageID": {
            "pattern": MESSAGE_ID,
            "description": "Where the next page begins; missing on the last one.",
        }
    },
    "SendMessage": {"msg": envelope(*SIZES)},
    "Send": {"msg": envelope(*SIZES)},
    "Invalid": {"id": {"minLength": 1, "maxLength": OBJECT_ID}},
}


def components(*kinds: Any) -> tuple[list[Schema], dict[str, Schema]]:
    """Return the schema of each kind, and the schemas by name to which these refer."""
    found, named = msgspec.json.schema_components(kinds, ref_template=COMPONENTS + "{name}")
    for name, schema in named.items():
        properties = schema["properties"]
        for field, value in properties.items():
            # A default means that it may be missing; it is never written.
            value.pop("default", None)
            if value.get("type") == "string":
                value.update(_FIXED.get(field, {}))
            value.update(_WRITTEN.get(name, {}).get(field, {}))
        schema["description"] = schema["description"].replace("``", "`")
    return list(found), named

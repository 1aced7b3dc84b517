"""How a failed decoding names the first bad property."""

import re
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from graphchat.errors import RemoteProtocolError

T = TypeVar("T")

# The texts of msgspec's errors are the only place where it says what was wrong.
PLACE: Final = re.compile(r" - at `(?:\$|key)(.*)`\Z", re.DOTALL)
PROPERTY: Final = re.compile(
    r"Object (?:missing required|contains unknown) field `(.*?)`(?: - at `\$[^`]*`)?\Z", re.DOTALL
)
STEP: Final = re.compile(r"\.([A-Za-z]+)|\[(\d+)\]")
# A hostile name of a property is not echoed at any length.
LONGEST_POINTER: Final = 200


class InvalidObjectError(RemoteProtocolError):
    """A body or a socket object does not have the form that the protocol gives it."""

    def __init__(self, pointer: str, reason: str = "") -> None:
        super().__init__(
            f"invalid at {pointer!r}: {reason}" if reason else f"invalid at {pointer!r}"
        )
        self.pointer = pointer
        """RFC 6901 pointer to the first bad property; empty: the whole."""
        self.reason = reason


def decoded(decode: Callable[[bytes], T], data: bytes) -> T:
    """Return ``decode(data)``. Raises `InvalidObjectError` for whatever is wrong with it."""
    try:
        return decode(data)
    except msgspec.ValidationError as error:
        raise InvalidObjectError(pointer_of(str(error))) from None
    # Bytes that are no JSON or MessagePack at all, or nested without end.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidObjectError("") from None


def pointer_of(message: str) -> str:
    """Return the pointer to the property that an error of msgspec speaks of."""
    place = PLACE.search(message)
    steps = STEP.findall(place[1]) if place else []
    pointer = "".join(f"/{name or index}" for name, index in steps)
    if named := PROPERTY.match(message):
        pointer += "/" + named[1].replace("~", "~0").replace("/", "~1")
    return pointer[:LONGEST_POINTER]

"""The numbers that relays and clients agree on (docs/protocol.md, sections 3 to 5)."""

from typing import Final

from graphchat.errors import LocalProtocolError

# Envelope lengths in bytes. A relay sees only which of five sizes a message has.
S: Final = 4_608
M: Final = 15_360
L: Final = 49_152
XL: Final = 196_608
XXL: Final = 786_432
SIZES: Final = (S, M, L, XL, XXL)

# Longer messages are fetched one by one: a list or a push stays small.
INLINE: Final = M

KEY: Final = 32
SIGNATURE: Final = 64
# The longest `id` of a socket object, in characters.
OBJECT_ID: Final = 64

PAGE: Final = 32
"""Messages in one answer of `GET <RU>/messages`."""
IN_FLIGHT: Final = 32
"""Pushed messages of one queue that wait for their deletion."""
BATCH: Final = 256
"""Objects in one socket frame."""
FRAME: Final = 4 * 1024 * 1024
"""Bytes in one socket frame."""
BODY: Final = 4 * (XXL + 2) // 3 + 1024
"""Bytes in one REST body: the largest envelope in base64, and its object."""

QUOTA_MESSAGES: Final = 128
QUOTA_BYTES: Final = 8 * 1024 * 1024
OPEN_QUOTA_MESSAGES: Final = 16
"""An open queue takes unsigned messages from anybody who knows its URI, so it takes few."""

CLOCK_SKEW: Final = 300
"""Seconds by which the `ts` of a request may differ from the relay's time."""
NONCE_MEMORY: Final = 600
"""Seconds for which a repeated request is recognised: twice the skew."""
MESSAGE_DAYS: Final = 21
OPEN_QUEUE_DAYS: Final = 30


def size_class(length: int) -> int:
    """Return the smallest class that holds ``length`` bytes.

    Raises `LocalProtocolError` beyond the largest.
    """
    for size in SIZES:
        if length <= size:
            return size
    raise LocalProtocolError(f"{length} bytes do not fit into the largest envelope, {XXL} bytes")

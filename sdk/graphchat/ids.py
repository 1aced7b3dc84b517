"""Names for things. They are random and mean nothing to whoever reads them."""

from typing import NewType

Fingerprint = NewType("Fingerprint", bytes)
"""First 16 bytes of the SHA-256 of a relay's identity key."""

QueueId = NewType("QueueId", bytes)
"""18 random bytes: the last part of a recipient or a sender URI."""

MessageId = NewType("MessageId", bytes)
"""16 bytes that name one frame for both ends; deduplication rests on it."""

ConnectionId = NewType("ConnectionId", bytes)
"""16 bytes that both ends of a connection know."""

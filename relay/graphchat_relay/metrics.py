"""What a relay counts: sums over everybody, nothing about anybody."""

from dataclasses import dataclass, fields
from typing import Final

NAMES: Final = {
    "received": "Messages that senders gave to this relay",
    "pushed": "Messages sent to subscribed recipients",
    "stored": "Messages written to the store",
    "elided": "Messages that their recipients deleted before they were written",
    "deleted": "Messages that their recipients deleted",
    "expired": "Messages and open queues that grew too old",
    "refused": "Requests and objects refused as unauthorized",
    "over_quota": "Messages refused because a queue was full",
    "over_rate": "Requests to create a queue that came too fast",
    "slowed": "Frames after which their socket was not read from for a while",
    "cut": "Sockets closed for what they sent",
    "evicted": "Sockets and requests ended because they kept the relay waiting, or held too much",
    "shed": "Requests and messages refused because too much was held in memory",
    "failures": "Writes that the store could not do",
    "created": "Queues created",
}


@dataclass(slots=True)
class Metrics:
    """Totals since the start."""

    received: int = 0
    pushed: int = 0
    stored: int = 0
    elided: int = 0
    deleted: int = 0
    expired: int = 0
    refused: int = 0
    over_quota: int = 0
    over_rate: int = 0
    slowed: int = 0
    cut: int = 0
    evicted: int = 0
    shed: int = 0
    failures: int = 0
    created: int = 0

    def totals(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

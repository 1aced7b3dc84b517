"""How fast keys sign and lanes seal and open: one thread, frames of 1 KiB in class S."""

import time
from collections.abc import Callable
from typing import Final

from graphchat.clock import Clock, SystemClock
from graphchat.crypto.agreement import lane_secrets
from graphchat.crypto.keys import AgreementKey, SigningKey, verify
from graphchat.crypto.ratchet import Ratchet
from graphchat.ids import ConnectionId
from graphchat.secret import Secret

CLOCK: Final[Clock] = SystemClock()
CID: Final = ConnectionId(b"c" * 16)
FRAME: Final = bytes(1024)
SIGNATURE: Final = bytes(64)


def run(quick: bool) -> dict[str, object]:  # noqa: FBT001  # the runner calls it so
    count = 500 if quick else 20_000
    return {
        "keys": keys(count),
        "lane without ML-KEM": lane(count, kem=False),
        "lane with ML-KEM": lane(count, kem=True),
    }


def rate(count: int, work: Callable[[], object]) -> int:
    """Return how often a second ``work`` can be done."""
    start = time.perf_counter()
    for _ in range(count):
        work()
    return round(count / (time.perf_counter() - start))


def keys(count: int) -> dict[str, object]:
    key = SigningKey.generate(CLOCK)
    signature = key.sign(FRAME)
    return {
        "signed/s": rate(count, lambda: key.sign(FRAME)),
        "verified/s": rate(count, lambda: verify(key.public, FRAME, signature)),
    }


def lane(count: int, *, kem: bool) -> dict[str, object]:
    pair = Pair(kem=kem)
    for _ in range(4):
        pair.turn()
    start = time.perf_counter()
    envelopes = [pair.seal() for _ in range(count)]
    middle = time.perf_counter()
    for envelope in envelopes:
        pair.open(envelope)
    end = time.perf_counter()
    return {
        "sealed/s on one chain": round(count / (middle - start)),
        "opened/s on one chain": round(count / (end - middle)),
        "sealed and opened/s on one chain": round(count / (end - start)),
        "sealed and opened/s in turns": rate(max(1, count // 10), pair.turn),
        "states stored/s": rate(count, pair.receiver.encode),
        "states loaded/s": rate(count // 10, lambda: Ratchet.decode(pair.receiver.encode())),
    }


class Pair:
    """Two sides of one lane; `turn` lets them change places."""

    def __init__(self, *, kem: bool) -> None:
        secrets = lane_secrets(Secret(CLOCK.random(32)), 0)
        eka, ekb = AgreementKey.generate(CLOCK), AgreementKey.generate(CLOCK)
        self.sender = Ratchet.initiator(secrets, ekb, eka.public, CLOCK, kem=kem)
        self.receiver = Ratchet.responder(secrets, eka, kem=kem)

    def seal(self) -> bytes:
        envelope, self.sender = self.sender.seal(FRAME, SIGNATURE, None, CID, CLOCK)
        return envelope

    def open(self, envelope: bytes) -> None:
        _, _, self.receiver = self.receiver.open(envelope, CID, CLOCK)

    def turn(self) -> None:
        self.open(self.seal())
        self.sender, self.receiver = self.receiver, self.sender

"""The receiving half of a ratchet: the chains of the other side, newest first.

Only the first may go on. The others are kept for envelopes that come late, and for a while longer
to know repetitions.
"""

from typing import Final, final

from msgspec import Struct

from graphchat.crypto.kdf import chain_step
from graphchat.errors import DecryptionError, RepeatedError
from graphchat.secret import Secret

SKIPPED: Final = 512
"""Message keys kept in all."""
AHEAD: Final = 16_384
"""Steps taken for one envelope; they cost about 30 ms. The other side chooses the number.

More than `SKIPPED`: when a recipient was away for months, and all that waited has expired, the
lane must go on all the same.
"""
ENDED: Final = 16
"""Ended chains kept although no key of them is left: a lane has that many envelopes in flight."""


@final
class Chain(Struct, frozen=True, array_like=True):
    """One chain of the other side."""

    header_key: Secret
    key: Secret | None
    """None once the chain has ended."""
    number: int
    """Of the next envelope; of an ended chain: its length."""
    skipped: dict[int, Secret]
    """Message keys by number, oldest first; never changed in place."""

    def skip_to(self, number: int) -> "Chain":
        """Keep the message keys of the envelopes before ``number``, the latest if there are many.

        Raises `DecryptionError` if they are too many, or the chain ends before.
        """
        if number <= self.number:
            return self
        if self.key is None or number - self.number > AHEAD:
            raise DecryptionError("An envelope is too far ahead of the others.")
        key, skipped = self.key, dict(self.skipped)
        for missing in range(self.number, number):
            message, key = chain_step(key)
            if missing >= number - SKIPPED:
                skipped[missing] = message
        return Chain(self.header_key, key, number, skipped)

    def take(self, number: int) -> tuple[Secret, "Chain"]:
        """Return the message key of one envelope, and the chain that has it no longer.

        Raises `RepeatedError` if it had it no longer before, `DecryptionError` as `skip_to`.
        """
        if number < self.number:
            if number not in self.skipped:
                raise RepeatedError
            left = {other: key for other, key in self.skipped.items() if other != number}
            return self.skipped[number], Chain(self.header_key, self.key, self.number, left)
        at = self.skip_to(number)
        if at.key is None:
            raise DecryptionError("An envelope is beyond the end of its chain.")
        message, key = chain_step(at.key)
        return message, Chain(self.header_key, key, number + 1, at.skipped)

    def end_at(self, number: int) -> "Chain":
        """Return the chain ended before ``number``. Raises `DecryptionError` as `skip_to`."""
        at = self.skip_to(number)
        return Chain(at.header_key, None, at.number, at.skipped)


def bounded(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    """Drop the oldest message keys beyond `SKIPPED`, and ended chains that are of no more use."""
    room = SKIPPED
    kept: list[Chain] = []
    for place, chain in enumerate(chains):
        excess = max(0, len(chain.skipped) - room)
        room -= len(chain.skipped) - excess
        if place > ENDED and len(chain.skipped) == excess:
            continue
        left = dict(list(chain.skipped.items())[excess:]) if excess else chain.skipped
        kept.append(Chain(chain.header_key, chain.key, chain.number, left))
    return tuple(kept)

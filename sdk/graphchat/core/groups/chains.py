"""The posts of each author in their order, out of the copies that several hosts bring.

Rule: a post is shown once, after those before it; a hole is waited for, then named and passed
over, and filled later if somebody has the post. docs/protocol.md, section 21.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from graphchat.core.groups.post import SignedPost, first_hash

MAX_HELD: Final = 256
"""Posts that wait for others, of all authors together."""
MAX_HELD_BYTES: Final = 16 * 1024 * 1024
MAX_HOLES: Final = 32
"""Holes that are still filled, of one author."""
# Whoever signs two posts with one number is caught as long as the first is among these.
REMEMBERED: Final = 16


class Hole(msgspec.Struct):
    """Posts that never came."""

    first: int
    last: int
    next_prev: bytes
    """What the post behind it names as the one before."""


class Chain(msgspec.Struct):
    """What is stored of one author."""

    seq: int
    head: bytes
    recent: list[bytes] = []
    """Hashes of the last posts, newest last."""
    holes: list[Hole] = []


@dataclass(frozen=True, slots=True)
class Show:
    """The next post of its author, or one that filled a hole."""

    post: SignedPost


@dataclass(frozen=True, slots=True)
class Hold:
    """A post that waits for those before it."""

    post: SignedPost


@dataclass(frozen=True, slots=True)
class Skipped:
    """Posts that nobody brought in time."""

    author: bytes
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """The author signed two different posts with one number."""

    author: bytes
    seq: int


Outcome = Show | Hold | Skipped | Conflict


@dataclass(slots=True)
class Chains:
    """All authors of one group."""

    group: bytes
    authors: dict[bytes, Chain] = field(default_factory=dict[bytes, Chain])
    held: dict[tuple[bytes, int], SignedPost] = field(
        default_factory=dict[tuple[bytes, int], SignedPost]
    )

    def begin(self, author: bytes, seq: int, head: bytes) -> bool:
        """Expect the posts of ``author`` behind this one; False if they are followed already."""
        if author in self.authors:
            return False
        self.authors[author] = Chain(seq, head)
        return True

    def of(self, author: bytes) -> Chain:
        """Return the chain of an author, begun if it is new."""
        if (chain := self.authors.get(author)) is None:
            chain = self.authors[author] = Chain(0, first_hash(self.group, author))
        return chain

    def receive(self, signed: SignedPost) -> list[Outcome]:
        """Take one copy of a post whose signature was checked; return what follows, in order."""
        post = signed.post
        chain = self.of(post.author)
        if post.seq <= chain.seq:
            return self._late(chain, signed)
        if (before := self.held.get((post.author, post.seq))) is not None:
            same = before.hash == signed.hash
            return [] if same else [Conflict(post.author, post.seq)]
        if post.seq > chain.seq + 1:
            if self._full(len(signed.data)):
                return []
            self.held[post.author, post.seq] = signed
            return [Hold(signed)]
        if post.prev != chain.head:
            return [Conflict(post.author, chain.seq)]
        return [*self._use(chain, signed), *self._ready(chain, post.author)]

    def gap(self, author: bytes) -> tuple[int, int] | None:
        """Return the numbers that are missing before the first post that waits."""
        waiting = [seq for name, seq in self.held if name == author]
        return (self.of(author).seq + 1, min(waiting) - 1) if waiting else None

    def skip(self, author: bytes) -> list[Outcome]:
        """Wait no longer for what is missing before the first post that waits."""
        if (gap := self.gap(author)) is None:
            return []
        chain, behind = self.of(author), self.held[author, gap[1] + 1]
        chain.holes = [*chain.holes[1 - MAX_HOLES :], Hole(*gap, behind.post.prev)]
        chain.seq, chain.head, chain.recent = gap[1], behind.post.prev, []
        return [Skipped(author, *gap), *self._ready(chain, author)]

    def forget(self, author: bytes, seq: int) -> None:
        """Look no longer for a post: it was deleted."""
        chain = self.of(author)
        chain.holes = [hole for hole in chain.holes if not hole.first == hole.last == seq]

    def _ready(self, chain: Chain, author: bytes) -> Iterator[Outcome]:
        while (waiting := self.held.pop((author, chain.seq + 1), None)) is not None:
            if waiting.post.prev != chain.head:
                yield Conflict(author, chain.seq)
                return
            yield from self._use(chain, waiting)

    def _use(self, chain: Chain, signed: SignedPost) -> list[Outcome]:
        chain.seq, chain.head = signed.post.seq, signed.hash
        chain.recent = [*chain.recent[1 - REMEMBERED :], signed.hash]
        return [Show(signed)]

    def _late(self, chain: Chain, signed: SignedPost) -> list[Outcome]:
        post = signed.post
        for hole in chain.holes:
            if hole.first <= post.seq <= hole.last:
                return self._fill(chain, hole, signed)
        back = chain.seq - post.seq
        known = chain.recent[-1 - back] if back < len(chain.recent) else None
        if known is None or known == signed.hash:
            return []
        return [Conflict(post.author, post.seq)]

    def _fill(self, chain: Chain, hole: Hole, signed: SignedPost) -> list[Outcome]:
        post = signed.post
        if post.seq == hole.last and signed.hash != hole.next_prev:
            return [Conflict(post.author, post.seq)]
        halves = [
            Hole(hole.first, post.seq - 1, post.prev),
            Hole(post.seq + 1, hole.last, hole.next_prev),
        ]
        at = chain.holes.index(hole)
        chain.holes = [
            *chain.holes[:at],
            *(half for half in halves if half.first <= half.last),
            *chain.holes[at + 1 :],
        ]
        return [Show(signed)]

    def _full(self, more: int) -> bool:
        size = sum(len(signed.data) for signed in self.held.values())
        return len(self.held) >= MAX_HELD or size + more > MAX_HELD_BYTES

"""What a proof shows, as values: who, what, in which order, received by when, what is hidden.

Times are milliseconds since 1970-01-01 UTC, and claims: nobody vouches for a clock.
"""

from dataclasses import dataclass

from graphchat.content import Message
from graphchat.core.proof.bundle import Author


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file proves nothing."""

    where: str
    """A place in the file, such as ``inviter.segments[0].links[3]``."""
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """A key that took over from the one before it, which signed that."""

    key: bytes
    stream: bytes
    from_seq: int
    """The number of the first frame of that stream that it signs."""


@dataclass(frozen=True, slots=True)
class Who:
    """One of the two sides: the holder of these keys."""

    author: Author
    keys: tuple[bytes, ...]
    """Ed25519, the first one first."""
    changes: tuple[Change, ...]
    """Where keys after the first one took over."""
    names: tuple[str, ...]
    """What it called itself, as far as the file shows it: claims."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that its author signed."""

    author: Author
    stream: bytes
    seq: int
    """Its number among everything that the author's device said: 1 is the first."""
    id: bytes
    ts_ms: int
    """When it was written, as the author's clock said."""
    message: Message
    payload: bytes
    """The message as it was signed."""
    received_ms: int | None
    """When the other side had signed to have it, by its own clock; None without a receipt."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Numbers of a stream of which the file shows only hashes, or only that they came before."""

    author: Author
    stream: bytes
    first: int
    last: int
    hashed: bool
    """False: not even a hash is here, only the number of what follows."""


@dataclass(frozen=True, slots=True)
class Reception:
    """A receipt: everything of the stream up to ``seq`` had been received."""

    by: Author
    stream: bytes
    seq: int
    ts_ms: int


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a valid proof shows."""

    code_hash: bytes
    """``H`` of the invitation or address that both sides named when they signed their keys."""
    cid: bytes
    made_by: Author
    made_ms: int
    sides: tuple[Who, Who]
    """The inviter and the invited."""
    shown: tuple[Shown, ...]
    """By the times that their authors' clocks said; those of one author in their true order."""
    hidden: tuple[Hidden, ...]
    receptions: tuple[Reception, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a file is a proof, and of what."""

    findings: Findings | None
    problem: Problem | None = None

    @property
    def valid(self) -> bool:
        return self.findings is not None

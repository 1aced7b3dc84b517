"""Whose signature counts: the keys of a side, one after the other.

Rule: the first key is vouched for by the statement of the handshake, each later one by the key
before it in its stream. docs/protocol.md, section 18.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from graphchat.core.frame import next_statement
from graphchat.core.proof import bundle as form
from graphchat.core.proof.bundle import Author, Bundle, FlawError, Party, raw
from graphchat.crypto.agreement import Origin
from graphchat.crypto.keys import verify
from graphchat.ids import ConnectionId


@dataclass(frozen=True, slots=True)
class Turn:
    """A key, and the frame from which on it signs."""

    key: bytes
    stream: bytes
    """Empty: every stream."""
    from_seq: int


@dataclass(frozen=True, slots=True)
class Keys:
    """The checked keys of one side."""

    turns: tuple[Turn, ...]

    @classmethod
    def check(cls, where: str, party: Party, first_statement: bytes, cid: ConnectionId) -> Self:
        """Follow the keys of ``party``. Raises `FlawError`."""
        turns: list[Turn] = []
        for number, entry in enumerate(party.keys):
            place = f"{where}.keys[{number}]"
            key = raw(f"{place}.key", entry.key, form.KEY)
            stream = raw(f"{place}.stream", entry.stream, form.STREAM if number else 0)
            if number:
                expected = next_statement(cid, stream, entry.from_seq, key)
                signer = cls(tuple(turns)).at(stream, entry.from_seq - 1)
                if any(t.stream == stream and t.from_seq >= entry.from_seq for t in turns):
                    raise FlawError(f"{place}.from_seq", "the keys of a stream are not in order")
                if any(t.key == key for t in turns):
                    raise FlawError(f"{place}.key", "a key takes over twice")
            else:
                expected, signer = first_statement, key
            if (number == 0) != (entry.from_seq == 1):
                raise FlawError(
                    f"{place}.from_seq", "the first key of a side, and no other, signs from 1 on"
                )
            if raw(f"{place}.statement", entry.statement) != expected:
                raise FlawError(f"{place}.statement", "it is not what has to be signed here")
            signature = raw(f"{place}.signature", entry.signature, form.SIGNATURE)
            if not verify(signer, expected, signature):
                raise FlawError(f"{place}.signature", "the signature does not fit the key")
            turns.append(Turn(key, stream, entry.from_seq))
        return cls(tuple(turns))

    def at(self, stream: bytes, seq: int) -> bytes:
        """Return the key that signs frame ``seq`` of ``stream``."""
        counts = [t for t in self.turns if t.stream in {b"", stream} and t.from_seq <= seq]
        return counts[-1].key

    @property
    def all(self) -> tuple[bytes, ...]:
        return tuple(turn.key for turn in self.turns)


def check_keys(bundle: Bundle, origin: Origin) -> dict[Author, Keys]:
    """Check the keys of both sides. Raises `FlawError`."""
    pka = raw("inviter.keys[0].key", bundle.inviter.keys[0].key, form.KEY)
    pkb = raw("invited.keys[0].key", bundle.invited.keys[0].key, form.KEY)
    if pka == pkb:
        raise FlawError("invited.keys[0].key", "both sides have one key")
    statements = (origin.answer_statement(pka, pkb), origin.confirmation_statement(pkb))
    return {
        author: Keys.check(author, bundle.party(author), statement, origin.cid)
        for author, statement in zip(form.AUTHORS, statements, strict=True)
    }


def signed_by_any(keys: Sequence[bytes], statement: bytes, signature: bytes) -> bool:
    """Tell whether one of ``keys`` signed, the newest first."""
    return any(verify(key, statement, signature) for key in reversed(keys))

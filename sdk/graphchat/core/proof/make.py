"""A proof out of what one side has kept: the frames to show, hashes of those between them.

Rule: nothing is shown that is not asked for. docs/protocol.md, section 18.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from graphchat.content import Turn
from graphchat.core import frame as frames
from graphchat.core.frame import Frame, Kind
from graphchat.core.proof import bundle as form
from graphchat.core.proof.bundle import (
    Author,
    Bundle,
    Connection,
    Key,
    Link,
    Party,
    Seal,
    Segment,
    SignedReceipt,
    text,
)
from graphchat.crypto.agreement import Origin
from graphchat.crypto.keys import SigningKey
from graphchat.errors import ContentError
from graphchat.ids import ConnectionId


@dataclass(frozen=True, slots=True)
class Record:
    """A frame as it was kept. Without a payload only its hash can be shown."""

    digest: bytes
    kind: Kind = Kind.CONTROL
    id: bytes = b""
    ts_ms: int = 0
    payload: bytes | None = None
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Kept:
    """One stream from its beginning, and the receipts of the other side for it, rising."""

    stream: bytes
    records: Sequence[Record]
    receipts: Sequence[tuple[int, int, bytes]]
    """``seq``, ``ts_ms``, signature."""


@dataclass(frozen=True, slots=True)
class Case:
    """What both sides signed when they connected, and what each of them said."""

    origin: Origin
    keys: tuple[bytes, bytes]
    """Public proof keys of the inviter and the invited."""
    signatures: tuple[bytes, bytes]
    """Theirs, under the statements of section 12."""
    said: tuple[Sequence[Kept], Sequence[Kept]]
    turns: tuple[Sequence[Turn], Sequence[Turn]] = ((), ())
    """Their later keys."""


def make(case: Case, by: Author, key: SigningKey, now_ms: int, *, whole: bool) -> bytes:
    """Return the file, sealed with ``key``, one of the side ``by``.

    ``whole`` shows the place of everything since the beginning; else only what the payloads that
    are there need. Raises `ContentError` if it would be too large.
    """
    (pka, pkb), origin = case.keys, case.origin
    statements = (case.origin.answer_statement(pka, pkb), case.origin.confirmation_statement(pkb))
    inviter, invited = (
        Party(
            (
                Key(text(key), "", 1, text(statement), text(signature)),
                *(_later(origin.cid, turn) for turn in turns),
            ),
            tuple(segment for kept in said for segment in _segments(case, kept, whole=whole)),
        )
        for key, statement, signature, said, turns in zip(
            case.keys, statements, case.signatures, case.said, case.turns, strict=True
        )
    )
    connection = Connection(text(origin.code_hash), text(origin.cid), text(origin.ckb))
    head = (form.FORMAT, form.VERSION, form.NOTE, now_ms, connection)
    unsealed = Bundle(*head, inviter, invited, Seal(by, ""))
    signature = key.sign(form.seal_statement(origin.cid, unsealed))
    data = form.encode(msgspec.structs.replace(unsealed, seal=Seal(by, text(signature))))
    if len(data) > form.MAX_SIZE:
        raise ContentError(
            f"The proof would have {len(data):,} bytes; {form.MAX_SIZE:,} are allowed. Leave out"
            " attachments, or choose messages."
        )
    return data


def _later(cid: ConnectionId, turn: Turn) -> Key:
    statement = frames.next_statement(cid, turn.stream, turn.from_seq, turn.key)
    place = text(turn.stream), turn.from_seq
    return Key(text(turn.key), *place, text(statement), text(turn.signature))


def _segments(case: Case, kept: Kept, *, whole: bool) -> Iterator[Segment]:
    links, heads = _links(case.origin.cid, kept)
    for first, last in _ranges(links, [seq for seq, _, _ in kept.receipts], whole=whole):
        receipts = tuple(
            SignedReceipt(seq, ts_ms, text(signature))
            for seq, ts_ms, signature in kept.receipts
            if first <= seq <= last
        )
        before, chosen = heads[first - 1], tuple(links[first - 1 : last])
        yield Segment(text(kept.stream), first, text(before), chosen, receipts)


def _links(cid: ConnectionId, kept: Kept) -> tuple[list[Link], list[bytes]]:
    """Return every frame as it is shown, and the hashes of the stream from ``h_0`` on."""
    links, heads = list[Link](), [frames.first_hash(cid, kept.stream)]
    for seq, record in enumerate(kept.records, 1):
        links.append(_link(kept.stream, seq, heads[-1], record))
        heads.append(frames.next_link(heads[-1], record.digest))
    return links, heads


def _link(stream: bytes, seq: int, before: bytes, record: Record) -> Link:
    if record.payload is not None:
        fields = (record.id, stream, seq, record.ts_ms, before, record.payload)
        data = frames.encode(Frame(record.kind, *fields))
        # The history may say something else by now, such as what an edit made of it.
        if frames.digest(data) == record.digest:
            return Link(frame=text(data), signature=text(record.signature))
    return Link(hash=text(record.digest))


def _ranges(
    links: Sequence[Link], receipts: Sequence[int], *, whole: bool
) -> Iterator[tuple[int, int]]:
    """Yield the first and last number of each segment: up to a receipt, or a signature."""
    shown = [seq for seq, link in enumerate(links, 1) if link.frame]
    if whole:
        if last := max([*shown, *(seq for seq in receipts if seq <= len(links))], default=0):
            yield 1, last
        return
    first, last = 0, -1
    for seq in shown:
        at = bisect_left(receipts, seq)
        end = receipts[at] if at < len(receipts) and receipts[at] <= len(links) else seq
        if seq > last + 1:
            if first:
                yield first, last
            first = seq
        last = max(last, end)
    if first:
        yield first, last

"""Proofs of a conversation: made of what this home has kept, checked with nothing but the file.

docs/protocol.md, section 18.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from graphchat.client.context import Context
from graphchat.client.live import Live
from graphchat.content import Turn
from graphchat.core import handshake, proof, succession
from graphchat.core.connection import Connection
from graphchat.core.frame import Kind
from graphchat.core.handshake import HandshakeState, Role
from graphchat.core.proof import MAX_SIZE, Case, Kept, Record, Verdict
from graphchat.core.proof.bundle import Author
from graphchat.crypto.keys import SigningKey
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.store import Cursor

Progress = Callable[[int, int], None]
"""Is told how much is done, and how much there is."""

# Messages that are read from the database at once.
PAGE: Final = 100
ATTACHMENTS: Final = ("image", "voice", "file")
"""Types of messages that carry more than words."""

PRIVATE: Final = (
    "This conversation is private: nothing in it is signed, so nobody can prove what was said. It"
    " was chosen when you connected, and stays. For proofs, connect by another invitation."
)
OLD: Final = (
    "This connection was made by an earlier version, which did not keep what a proof needs."
    " Exchange a fresh invitation; what is said then can be proved."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a proof shows. All that is left out is shown by its hash, or not at all."""

    messages: Collection[bytes] | None = None
    """Ids, of which edits, deletions and reactions are shown too; None: the whole conversation."""
    since: datetime | None = None
    until: datetime | None = None
    """Between these times of their authors' clocks, both included."""
    attachments: bool = True
    """Pictures and recordings; without them, a hash stands for each."""
    profiles: bool = True
    """What both sides called themselves when they connected."""

    @property
    def whole(self) -> bool:
        return self.messages is None and self.since is None and self.until is None

    def takes(self, row: "_Row") -> bool:
        """Tell whether the message of a row is to be shown."""
        if row.kind is None or row.ts_ms is None:
            return False
        if row.kind == Kind.CONTROL:
            return self.profiles and row.seq == 1
        if not self.attachments and row.type in ATTACHMENTS:
            return False
        if self.messages is not None and not {row.msg_id, row.target} & {*self.messages}:
            return False
        after = self.since is None or row.ts_ms >= round(self.since.timestamp() * 1000)
        return after and (self.until is None or row.ts_ms <= round(self.until.timestamp() * 1000))


class Proof:
    """A file that shows what was said and received; `save` it, and hand it on."""

    def __init__(self, data: bytes) -> None:
        self.data: Final = data

    def verify(self) -> Verdict:
        """Check it, as anybody can who has the file."""
        return proof.verify(self.data)

    async def save(self, path: Path) -> None:
        """Write the file. Raises `OSError`."""
        await asyncio.to_thread(path.write_bytes, self.data)

    def __repr__(self) -> str:
        return f"<Proof, {len(self.data):,} bytes>"


class _Row(NamedTuple):
    """A frame as it is kept, without its payload; ``type`` is that of a line of the history."""

    id: int
    outgoing: bool
    stream: bytes
    seq: int
    digest: bytes
    kind: int | None
    msg_id: bytes | None
    ts_ms: int | None
    signature: bytes | None
    type: str | None
    target: bytes | None


async def export(
    context: Context, live: Live, choice: Choice, progress: Progress | None = None
) -> Proof:
    """Make a proof of what was said with a contact.

    Raises `StateError` if nothing can be proved with this contact, `NotFoundError` for a message
    that is not there, `ContentError` if the file would be too large.
    """
    shake = live.connection.state.handshake
    _check_connection(shake)
    found = await context.database.read(partial(_links, live.id))
    wanted = [row for row in found if choice.takes(row)]
    _check_found(choice, wanted)
    payloads = await _payloads(context, [row.id for row in wanted], progress)
    receipts = await context.database.read(partial(_receipts, live.id))
    ours, theirs = list[Kept](), list[Kept]()
    for (outgoing, _), rows in groupby(found, _stream_of):
        # What was said by other devices of a side stands beside the rest of that side.
        said = ours if outgoing else theirs
        said.append(_kept(list(rows), payloads, receipts if outgoing else []))
    turns = await context.database.read(partial(_turns, live.connection, live.id))
    case, by = _case(shake, ours, theirs, turns)
    key = live.connection.outbox.key
    assert key is not None
    now_ms = int(context.clock.now() * 1000)
    make = partial(proof.make, case, by, key, now_ms, whole=choice.whole)
    return Proof(await asyncio.to_thread(make))


def _check_connection(shake: HandshakeState) -> None:
    if handshake.is_private(shake):
        raise StateError(PRIVATE)
    if not shake.words:
        raise StateError("The other side has not answered yet: there is nothing to prove.")
    if not shake.signature or not shake.peer_signature:
        raise StateError(OLD)


def _case(
    shake: HandshakeState,
    ours: list[Kept],
    theirs: list[Kept],
    turns: tuple[Sequence[Turn], Sequence[Turn]],
) -> tuple[Case, Author]:
    """Put both sides in their order: the inviter first. Return who we are, too."""
    is_alice = shake.role is Role.ALICE
    own = SigningKey(shake.proof_key).public
    case = Case(
        handshake.origin(shake),
        (own, shake.peer_proof) if is_alice else (shake.peer_proof, own),
        (shake.signature, shake.peer_signature)
        if is_alice
        else (shake.peer_signature, shake.signature),
        (ours, theirs) if is_alice else (theirs, ours),
        turns if is_alice else (turns[1], turns[0]),
    )
    return case, "inviter" if is_alice else "invited"


def verify_proof(source: Path | str | bytes, progress: Progress | None = None) -> Verdict:
    """Check a proof: the path of a file, or what is in it. Needs no home and no network.

    Raises `OSError` if the file cannot be read.
    """
    if isinstance(source, bytes):
        return proof.verify(source, progress)
    with Path(source).open("rb") as file:
        return proof.verify(file.read(MAX_SIZE + 1), progress)


def _stream_of(row: _Row) -> tuple[bool, bytes]:
    return bool(row.outgoing), row.stream


def _check_found(choice: Choice, wanted: Sequence[_Row]) -> None:
    known = {row.msg_id for row in wanted}
    for message in choice.messages or ():
        if message not in known:
            raise NotFoundError(
                f"There is no message {message.hex()} that can be proved: it was deleted, or its"
                " id is wrong. See: graphchat history CONTACT --json"
            )


async def _payloads(
    context: Context, ids: Sequence[int], progress: Progress | None
) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    size = 0
    for page in _pages(ids):
        for row_id, payload in await context.database.read(partial(_said, page)):
            found[row_id] = payload
            size += len(payload)
        if size > MAX_SIZE:
            raise ContentError(
                f"The proof would have more than {MAX_SIZE // 2**20} MiB. Leave out attachments,"
                " or choose messages."
            )
        if progress is not None:
            progress(len(found), len(ids))
    return found


def _pages(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    yield from (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))


def _kept(
    rows: Sequence[_Row],
    payloads: dict[int, bytes],
    receipts: Sequence[tuple[bytes, int, int, bytes]],
) -> Kept:
    if [row.seq for row in rows] != list(range(1, len(rows) + 1)):
        raise StateError(OLD)
    stream = rows[0].stream
    signed = [row[1:] for row in receipts if row[0] == stream]
    return Kept(stream, [_record(row, payloads.get(row.id)) for row in rows], signed)


def _record(row: _Row, payload: bytes | None) -> Record:
    if row.kind is None or row.msg_id is None or row.ts_ms is None or payload is None:
        return Record(row.digest)
    return Record(row.digest, Kind(row.kind), row.msg_id, row.ts_ms, payload, row.signature or b"")


def _turns(machine: Connection, connection: int, cursor: Cursor) -> tuple[list[Turn], list[Turn]]:
    """Return the later keys of both sides, ours first."""
    shake = machine.state.handshake
    firsts = SigningKey(shake.proof_key).public, shake.peer_proof
    announced: tuple[list[Turn], list[Turn]] = ([], [])
    for outgoing, stream, seq, payload in cursor.execute(
        "SELECT outgoing, stream, seq, payload FROM client_evidence WHERE connection_id = ?"
        " AND kind = ? AND seq > 1 AND payload IS NOT NULL ORDER BY stream, seq",
        (connection, Kind.CONTROL),
    ):
        turn = succession.announced_by(stream, seq, payload)
        if turn is not None:
            announced[0 if outgoing else 1].append(turn)
    ours, theirs = (
        succession.chain(machine.cid, first, found)
        for first, found in zip(firsts, announced, strict=True)
    )
    return ours, theirs


def _links(connection: int, cursor: Cursor) -> list[_Row]:
    found = cursor.execute(
        "SELECT e.id, e.outgoing, e.stream, e.seq, e.digest, e.kind, e.msg_id, e.ts_ms,"
        " e.signature, m.kind, e.target FROM client_evidence e LEFT JOIN client_message m"
        " ON m.connection_id = e.connection_id AND m.outgoing = e.outgoing"
        " AND m.msg_id = e.msg_id WHERE e.connection_id = ?"
        " ORDER BY e.outgoing, e.stream, e.seq",
        (connection,),
    )
    return [_Row(*row) for row in found]


def _said(ids: Sequence[int], cursor: Cursor) -> list[tuple[int, bytes]]:
    """Return payloads, of those that the history or the evidence still has."""
    marks = ", ".join("?" * len(ids))
    return cursor.execute(
        "SELECT e.id, coalesce(e.payload, m.data) AS said FROM client_evidence e"  # noqa: S608 - question marks
        " LEFT JOIN client_message m ON m.connection_id = e.connection_id"
        " AND m.outgoing = e.outgoing AND m.msg_id = e.msg_id"
        f" WHERE e.id IN ({marks}) AND said IS NOT NULL",
        tuple(ids),
    ).fetchall()


def _receipts(connection: int, cursor: Cursor) -> list[tuple[bytes, int, int, bytes]]:
    return cursor.execute(
        "SELECT stream, seq, ts_ms, signature FROM client_receipt WHERE connection_id = ?"
        " ORDER BY stream, seq",
        (connection,),
    ).fetchall()

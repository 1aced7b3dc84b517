"""Two sides who talked, as one of them has kept it: what proofs in tests are made of."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

import msgspec

from graphchat import content
from graphchat.content import Message, Text
from graphchat.core import frame as frames
from graphchat.core.frame import Frame, Kind
from graphchat.core.proof import Case, Kept, Record, bundle as form, make
from graphchat.core.proof.bundle import Author, Bundle, Seal
from graphchat.crypto.agreement import Origin
from graphchat.crypto.keys import SigningKey
from graphchat.ids import ConnectionId
from graphchat.secret import Secret

CID: Final = ConnectionId(b"c" * 16)
ORIGIN: Final = Origin(b"h" * 32, CID, b"k" * 32)
ALICE: Final = SigningKey(Secret(b"a" * 32))
BOB: Final = SigningKey(Secret(b"b" * 32))
KEYS: Final[dict[Author, SigningKey]] = {"inviter": ALICE, "invited": BOB}
STREAMS: Final[dict[Author, bytes]] = {"inviter": b"alices__", "invited": b"bobs____"}
NOW_MS: Final = 1_767_225_600_000
CONVERSATION: Final[dict[Author, Sequence[Message | str]]] = {
    "inviter": [Text("hello"), "signal", Text("the price is 100"), "signal"],
    "invited": ["signal", Text("I agree"), Text("and pay on Friday")],
}
RECEIPTS: Final[dict[Author, Sequence[int]]] = {"inviter": [2, 4], "invited": [2]}


def said(
    author: Author, messages: Sequence[Message | str], receipts: Sequence[int]
) -> tuple[Kept, list[bytes]]:
    """Return a stream and its hashes; a string stands for a frame of programs."""
    stream, records, heads = (
        STREAMS[author],
        list[Record](),
        [frames.first_hash(CID, STREAMS[author])],
    )
    for seq, message in enumerate(messages, 1):
        is_signal = isinstance(message, str)
        kind = Kind.CONTROL if is_signal else Kind.CONTENT
        payload = b"\x80" if isinstance(message, str) else content.encode(message)
        name = sha256(stream + bytes([seq])).digest()[:16]
        frame = Frame(kind, name, stream, seq, NOW_MS + 1000 * seq, heads[-1], payload)
        data = frames.encode(frame)
        record = Record(frames.digest(data))
        if not is_signal:
            signature = frames.sign(KEYS[author], CID, frame, data)
            record = replace(
                record, kind=kind, id=name, ts_ms=frame.ts_ms, payload=payload, signature=signature
            )
        records.append(record)
        heads.append(frames.next_hash(heads[-1], data))
    reader = BOB if author == "inviter" else ALICE
    signed = []
    for seq in receipts:
        ts_ms = NOW_MS + 5000 + seq
        statement = frames.receipt_statement(CID, stream, seq, heads[seq], ts_ms)
        signed.append((seq, ts_ms, reader.sign(statement)))
    return Kept(stream, records, signed), heads


def case(
    conversation: dict[Author, Sequence[Message | str]] = CONVERSATION,
    receipts: dict[Author, Sequence[int]] = RECEIPTS,
) -> Case:
    pka, pkb = ALICE.public, BOB.public
    signatures = (
        ALICE.sign(ORIGIN.answer_statement(pka, pkb)),
        BOB.sign(ORIGIN.confirmation_statement(pkb)),
    )
    kept = [said(author, conversation[author], receipts[author])[0] for author in form.AUTHORS]
    return Case(ORIGIN, (pka, pkb), signatures, ([kept[0]], [kept[1]]))


def only(whole: Case, *shown: tuple[Author, int]) -> Case:
    """Return ``whole`` with the payloads of some frames alone."""
    found = []
    for author, streams in zip(form.AUTHORS, whole.said, strict=True):
        [kept] = streams
        records = [
            record if (author, seq) in shown else replace(record, payload=None)
            for seq, record in enumerate(kept.records, 1)
        ]
        found.append([replace(kept, records=records)])
    return replace(whole, said=(found[0], found[1]))


def proof(found: Case | None = None, *, whole: bool = True, by: Author = "invited") -> bytes:
    return make(found or case(), by, KEYS[by], NOW_MS + 9000, whole=whole)


def sealed(bundle: Bundle, by: Author = "invited") -> bytes:
    """Return the file that ``by`` makes of a changed bundle: whoever makes a file can seal it."""
    unsealed = msgspec.structs.replace(bundle, seal=Seal(by, ""))
    signature = KEYS[by].sign(form.seal_statement(CID, unsealed))
    return form.encode(msgspec.structs.replace(bundle, seal=Seal(by, form.text(signature))))

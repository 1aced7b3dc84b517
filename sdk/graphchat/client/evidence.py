"""What a proof needs later, stored as it happens: a row for each frame and each receipt.

Rule: what was said is kept once. The payload of a message is in the history, from which its frame
comes back byte for byte; of a frame for programs only the hash is kept. docs/protocol.md,
section 18.
"""

from graphchat.client.rows import Row
from graphchat.content import ReceiptBody
from graphchat.core import frame as frames, succession
from graphchat.core.frame import Frame, Kind
from graphchat.core.inbox import Signed


def link(connection_id: int, signed: Signed, *, outgoing: bool) -> Row:
    """Keep the place of a frame in its chain, and of a message what signs it."""
    frame, digest = signed.frame, frames.digest(signed.data)
    shown: tuple[object, ...] = (None,) * 5
    if frame.kind is Kind.CONTENT or _is_needed(frame):
        payload = frame.payload if _is_needed(frame) else None
        shown = (frame.kind, frame.id, frame.ts_ms, signed.signature, payload)
    return Row(
        "INSERT OR IGNORE INTO client_evidence (connection_id, outgoing, stream, seq, digest,"
        " kind, msg_id, ts_ms, signature, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (connection_id, outgoing, frame.stream, frame.seq, digest, *shown),
    )


def receipt(connection_id: int, body: ReceiptBody) -> Row:
    """Keep the signed word of the other side that it has our frames up to a number."""
    return Row(
        "INSERT OR IGNORE INTO client_receipt (connection_id, stream, seq, ts_ms, signature)"
        " VALUES (?, ?, ?, ?, ?)",
        (connection_id, body.stream, body.seq, body.ts_ms, body.signature),
    )


def preserve(connection_id: int, message_id: bytes, *, outgoing: bool) -> Row:
    """Keep what a message said: the history is about to say something else in its place."""
    return Row(
        "UPDATE client_evidence SET payload = (SELECT data FROM client_message m"
        " WHERE m.connection_id = client_evidence.connection_id"
        " AND m.outgoing = client_evidence.outgoing AND m.msg_id = client_evidence.msg_id)"
        " WHERE connection_id = ? AND outgoing = ? AND msg_id = ? AND payload IS NULL",
        (connection_id, outgoing, message_id),
    )


def amendment(connection_id: int, frame: Frame, target: bytes, *, outgoing: bool) -> Row:
    """Keep what a frame says about the message ``target``: no line of the history has it."""
    return Row(
        "UPDATE client_evidence SET payload = ?, target = ?"
        " WHERE connection_id = ? AND outgoing = ? AND stream = ? AND seq = ?"
        " AND kind IS NOT NULL",
        (frame.payload, target, connection_id, outgoing, frame.stream, frame.seq),
    )


def forget(connection_id: int, message_id: bytes, *, outgoing: bool) -> Row:
    """Keep nothing of a message that is deleted, or of what was said about it, but hashes.

    Without those no other message could be proved.
    """
    return Row(
        "UPDATE client_evidence SET kind = NULL, msg_id = NULL, ts_ms = NULL, signature = NULL,"
        " payload = NULL, target = NULL WHERE connection_id = ?"
        " AND (outgoing = ? AND msg_id = ? OR target = ?)",
        (connection_id, outgoing, message_id, message_id),
    )


def _is_needed(frame: Frame) -> bool:
    """Tell whether a proof needs what a frame says to the other program.

    That is the first of a stream, which says who its author claims to be, and each that announces
    another key.
    """
    is_first = frame.kind is Kind.CONTROL and frame.seq == 1
    return is_first or succession.announced(frame) is not None

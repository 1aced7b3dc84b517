"""Saying, and hearing, something about an earlier message: edits, deletions, reactions, votes.

The rows are those of `graphchat.client.amendments`. docs/protocol.md, section 16.
"""

from functools import partial
from typing import Final

from graphchat.client import amendments, evidence
from graphchat.client.amendments import Said, edited
from graphchat.client.apply import Applier
from graphchat.client.live import Live
from graphchat.content import Edit, Image, Message, Poll, Vote
from graphchat.content.amending import Amending
from graphchat.content.spoken import MAX_CAPTION
from graphchat.core.frame import Frame
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.store import Cursor

NOT_YOURS: Final = "Only its author can edit a message, or delete it for both."
UNKNOWN: Final = "There is no such message in this conversation."


async def heard(turn: Applier, live: Live, frame: Frame, message: Amending) -> None:
    """Take what the other side says about a message."""
    now = turn.context.clock.now()
    # A clock that is ahead must not reach into the future.
    at = min(frame.ts_ms / 1000, now)
    found = Said(live.id, live.profile, False, frame.id, message, at, now)  # noqa: FBT003 - theirs
    if turn.context.devices.of(live.profile) or turn.context.devices.branches(live.id):
        turn.unit.run(turn.context.devices.amend(found))
        turn.unit.write(evidence.amendment(live.id, frame, message.target, outgoing=False))
        await turn.context.devices.heard(turn, live, frame, at)
    else:
        _keep(turn, found, frame)
    turn.unit.after(turn.context.news[live.profile].beat)


def said(turn: Applier, live: Live, frame: Frame, message: Amending) -> None:
    """Do here what we say in ``frame`` about a message; `check` has allowed it."""
    now = turn.context.clock.now()
    _keep(turn, Said(live.id, live.profile, True, frame.id, message, now, now), frame)  # noqa: FBT003 - ours


def _keep(turn: Applier, found: Said, frame: Frame) -> None:
    turn.unit.run(partial(amendments.apply, found))
    target = found.message.target
    turn.unit.write(evidence.amendment(found.connection, frame, target, outgoing=found.outgoing))


async def check(turn: Applier, live: Live, message: Amending) -> None:
    """Raise `NotFoundError`, `StateError` or `ContentError` if we cannot say ``message``."""
    read = turn.context.database.read
    target = await read(partial(amendments.find, live.id, message, True))  # noqa: FBT003 - ours
    if target is None:
        theirs = await read(partial(amendments.find, live.id, message, False))  # noqa: FBT003
        raise NotFoundError(UNKNOWN) if theirs is None else StateError(NOT_YOURS)
    if target.deleted:
        raise StateError("This message is deleted.")
    match message:
        case Edit(text=text):
            _check_edit(target.message, text)
        case Vote(options=options):
            _check_vote(target.message, options, turn.context.clock.now())
        case _:
            pass


def _check_edit(message: Message, text: str) -> None:
    if edited(message, text) is None:
        raise StateError("Only texts, and captions of pictures, can be edited.")
    if isinstance(message, Image) and len(text) > MAX_CAPTION:
        raise ContentError(
            f"The caption has {len(text):,} characters; {MAX_CAPTION:,} fit. Shorten it."
        )


def _check_vote(message: Message, options: tuple[int, ...], now: float) -> None:
    if not isinstance(message, Poll):
        raise StateError("This message is no poll.")
    if not amendments.counts(message, (), now):
        raise StateError("This poll is closed.")
    if not amendments.counts(message, options, now):
        many = "several answers" if message.several else "one answer"
        raise ContentError(f"The poll has {len(message.options)} options and takes {many}.")


async def forget_here(turn: Applier, live: Live, message_id: bytes) -> None:
    """Delete a message on this side alone, ours or theirs. Raises `NotFoundError`."""
    found = await turn.context.database.read(partial(_rows, live.id, message_id))
    if not found:
        raise NotFoundError(UNKNOWN)
    now = turn.context.clock.now()
    turn.unit.run(partial(amendments.scrub, live.id, found[:1], now))


def _rows(connection: int, message_id: bytes, cursor: Cursor) -> list[tuple[int, bool, bytes]]:
    return cursor.execute(
        "SELECT id, outgoing, msg_id FROM client_message WHERE connection_id = ? AND msg_id = ?"
        " AND deleted_at IS NULL ORDER BY outgoing DESC",
        (connection, message_id),
    ).fetchall()

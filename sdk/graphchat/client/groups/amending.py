"""What is posted about posts: edits, deletions, reactions and votes, merged into the history.

Rule: only its author changes a post, and the last word of each author counts. Posts themselves
are kept as they came, because others ask for them. docs/protocol.md, section 21.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from graphchat.client.amendments import counts, edited
from graphchat.client.history import decode
from graphchat.content import Delete, Edit, Message, Reaction, Vote
from graphchat.content.amending import Amending
from graphchat.content.words import text_of
from graphchat.core.groups.post import SignedPost
from graphchat.store import Cursor

AMENDING: Final = (Edit, Delete, Reaction, Vote)


@dataclass(frozen=True, slots=True)
class About:
    """One post about another one."""

    author: bytes
    message: Amending
    at: float
    """When its author said it, as far as we believe that."""


def target_of(message: Message) -> bytes | None:
    """Return the id of the post that a message is about, if it is about one."""
    return message.target if isinstance(message, AMENDING) else None


def settle(group: int, author: bytes, message_id: bytes, cursor: Cursor) -> None:
    """Do to a post what its author has said about it, whichever came first."""
    found = about(group, [message_id], cursor).get(message_id, ())
    said = [each.message for each in found if each.author == author]
    if any(isinstance(each, Delete) for each in said):
        cursor.execute(
            "UPDATE client_group_post SET state = 'deleted', text = '', data = x''"
            " WHERE group_id = ? AND author = ? AND msg_id = ? AND state != 'held'",
            (group, author, message_id),
        )
        return
    edits = [each for each in said if isinstance(each, Edit)]
    if not edits:
        return
    # Searches find what a post says now.
    for row_id, data in cursor.execute(
        "SELECT id, data FROM client_group_post WHERE group_id = ? AND author = ? AND msg_id = ?"
        " AND data != x'' AND state != 'held'",
        (group, author, message_id),
    ).fetchall():
        changed = edited(decode(SignedPost.unpack(data).post.payload), edits[-1].text)
        if changed is not None:
            cursor.execute(
                "UPDATE client_group_post SET text = ? WHERE id = ?", (text_of(changed), row_id)
            )


def about(group: int, ids: Sequence[bytes], cursor: Cursor) -> Mapping[bytes, Sequence[About]]:
    """Return what was posted about these posts, in order, by their ids."""
    marks = ", ".join("?" * len(ids))
    found: dict[bytes, list[About]] = {}
    for author, target, sent_at, data in cursor.execute(
        "SELECT author, target, sent_at, data FROM client_group_post"  # noqa: S608 - marks
        f" WHERE group_id = ? AND target IN ({marks}) AND data != x'' AND state != 'held'"
        " ORDER BY seq, id",
        (group, *ids),
    ):
        message = decode(SignedPost.unpack(data).post.payload)
        if isinstance(message, AMENDING):
            found.setdefault(bytes(target), []).append(About(bytes(author), message, sent_at))
    return found


@dataclass(frozen=True, slots=True)
class Merged:
    """A post with what was said about it."""

    message: Message
    edited_at: datetime | None
    reactions: Mapping[bytes, str]
    """By author."""
    votes: Mapping[bytes, tuple[int, ...]]


def merged(author: bytes, message: Message, said: Iterable[About]) -> Merged:
    """Return what a post says now, and who thinks what of it."""
    edited_at: datetime | None = None
    reactions: dict[bytes, str] = {}
    votes: dict[bytes, tuple[int, ...]] = {}
    now = message
    for each in said:
        match each.message:
            case Edit(text=text) if each.author == author:
                changed = edited(message, text)
                if changed is not None:
                    now, edited_at = changed, datetime.fromtimestamp(each.at, UTC)
            case Reaction(emoji=emoji):
                reactions[each.author] = emoji
            case Vote(options=options) if counts(message, options, each.at):
                votes[each.author] = options
            case _:
                pass
    return Merged(
        now,
        edited_at,
        {key: emoji for key, emoji in reactions.items() if emoji},
        {key: options for key, options in votes.items() if options},
    )

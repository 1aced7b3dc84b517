"""What happened in groups, as lines for people and as objects for programs."""

import shlex
from collections.abc import Mapping
from typing import Final, assert_never

from graphchat.cli.output import plain
from graphchat.cli.said import Look, Votes, indented, said as in_words
from graphchat.client.groups.events import (
    GroupAlarm,
    GroupChanged,
    GroupEvent,
    GroupGap,
    GroupInvited,
    GroupMessageReceived,
    JoinRequested,
)
from graphchat.client.groups.views import GroupLine
from graphchat.content import (
    Choices,
    Edit,
    File,
    Form,
    Image,
    Location,
    Message,
    Poll,
    Reaction,
    Text,
    Voice,
    Vote,
)
from graphchat.content.words import kind_of, text_of

Record = Mapping[str, object]

_CHANGES: Final = {
    "entered": "you are in.",
    "refused": "you were not let in ({detail}).",
    "expelled": "you are in no more.",
    "joined": "{whom} has joined, let in by {by}.",
    "left": "{whom} has left.",
    "removed": "{whom} was removed by {by}.",
    "role": "{whom} is {detail} now, by {by}.",
    "settings": "{by} has changed: {detail}.",
    "host": "the hosts have changed.",
    "muted": "{by} has changed whether {whom} is heard.",
    "deleted": "{by} has deleted a post of {whom}.",
}


def record(event: GroupEvent) -> Record:
    """Return what `receive --json` says."""
    if isinstance(event, GroupInvited):
        contact = {"contact": event.contact.name, "contact_id": event.contact.id}
        said = {"group": event.name, "link": event.link, "broadcast": event.broadcast}
        return {"event": "group.invited", **contact, **said}
    name, more = _record(event)
    return {"event": name, "group": event.group.name, "group_id": event.group.id, **more}


def _record(
    event: GroupMessageReceived | GroupChanged | JoinRequested | GroupGap | GroupAlarm,
) -> tuple[str, Record]:
    match event:
        case GroupMessageReceived():
            return "group.message", {
                "author": event.author,
                "author_key": event.author_key.hex(),
                "number": event.number,
                "id": event.message_id.hex(),
                "sent_at": event.sent_at.isoformat(),
                "type": kind_of(event.message),
                "text": text_of(event.message),
            }
        case GroupChanged(what=what, by=by, whom=whom, detail=detail):
            return "group.changed", {"what": what, "by": by, "whom": whom, "detail": detail}
        case JoinRequested(request=request):
            return "group.requested", {"name": request.name, "key": request.key.hex()}
        case GroupGap(author=author, first=first, last=last, host=host):
            return "group.gap", {"author": author, "first": first, "last": last, "host": host}
        case GroupAlarm(warning=warning):
            return "group.alarm", {"warning": warning}


def line(event: GroupEvent, look: Look | None = None) -> str:  # noqa: PLR0911 - a table
    """Return what `receive` shows. Nothing in it can disturb a terminal, or look like a line."""
    if isinstance(event, GroupInvited):
        what = "a broadcast" if event.broadcast else "a group"
        return (
            f"* {plain(event.contact.name)} invites you to {what}, {plain(event.name)}:"
            f" graphchat group join {plain(event.link)}"
        )
    where = plain(event.group.name)
    match event:
        case GroupMessageReceived(author=author, sent_at=sent_at, message=message):
            at = f"{sent_at.astimezone():%Y-%m-%d %H:%M}"
            post = _post(event.group.name, author, event.number)
            return f"{at} [{where}] {plain(author)}: {said(message, post, look=look)}"
        case GroupChanged(what=what, by=by, whom=whom, detail=detail):
            names = {"by": by or "a host", "whom": whom, "detail": detail}
            return f"* {where}: {plain(_CHANGES.get(what, what).format(**names))}"
        case JoinRequested(request=request):
            return f"* {where}: {plain(request.name)} asks to be let in (graphchat group approve)."
        case GroupGap(host=""):
            return f"! {where}: {_posts(event)} of {plain(event.author)} did not come."
        case GroupGap(host=host):
            return f"! {where}: {plain(host)} left out {_posts(event)} of {plain(event.author)}."
        case GroupAlarm(warning=warning):
            return f"! {where}: {plain(warning)}"
        case _:
            assert_never(event)


def _posts(gap: GroupGap) -> str:
    return f"post {gap.first}" if gap.first == gap.last else f"posts {gap.first} to {gap.last}"


def said(
    message: Message | None, post: str, votes: Votes | None = None, look: Look | None = None
) -> str:
    """Return a post in words; further lines are indented, so that none looks like another post.

    ``post`` names it for commands, and must be `plain`.
    """
    match message:
        case None:
            return "(deleted)"
        case Text() | Poll() | Choices() | Form() | Location() | Image() | Voice() | File():
            get = f"not fetched; graphchat group get {post} does"
            where = get if isinstance(message, File) else "in the history"
            return in_words(message, where, votes, look)
        case Edit(text=text):
            return f"(edits a post) {indented(text)}"
        case Reaction(emoji=emoji):
            return f"(reacts to a post) {plain(emoji)}" if emoji else "(takes a reaction back)"
        case Vote(options=options):
            numbers = ", ".join(str(option + 1) for option in options)
            return f"(votes) {numbers}" if numbers else "(takes a vote back)"
        case _:
            return f"({plain(kind_of(message))}) {plain(text_of(message))}".rstrip()


def history_line(group: str, line: GroupLine, look: Look | None = None) -> str:
    """Return what `group history` shows of one post."""
    state = f" [{line.state}]" if line.outgoing else ""
    who = f"{line.sent_at.astimezone():%Y-%m-%d %H:%M} #{line.number} {plain(line.author)}"
    changed = " (edited)" if line.edited_at else ""
    votes: dict[int, list[str]] = {}
    for name, options in line.votes:
        for option in options:
            votes.setdefault(option, []).append(name)
    marks = "".join(f" [{plain(emoji)} {plain(name)}]" for name, emoji in line.reactions)
    text = said(line.message, _post(group, line.author, line.number), votes, look)
    return f"{who}: {text}{changed}{marks}{state}"


def _post(group: str, author: str, number: int) -> str:
    return plain(f"{shlex.quote(group)} {shlex.quote(author)} {number}")


def history_record(line: GroupLine) -> Record:
    """Return what `group history --json` says of one post."""
    message = line.message
    return {
        "id": line.id.hex(),
        "author": line.author,
        "author_key": line.author_key.hex(),
        "number": line.number,
        "outgoing": line.outgoing,
        "state": line.state,
        "sent_at": line.sent_at.isoformat(),
        "type": "" if message is None else kind_of(message),
        "text": "" if message is None else text_of(message),
        "edited_at": line.edited_at.isoformat() if line.edited_at else None,
        "reactions": [{"by": name, "emoji": emoji} for name, emoji in line.reactions],
        "votes": [{"by": name, "options": list(options)} for name, options in line.votes],
    }

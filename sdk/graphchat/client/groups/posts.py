"""What is posted in a group: ours written, theirs checked, put in order, told and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from graphchat import content
from graphchat.client.apply import Applier
from graphchat.client.groups import amending, records, renewing, rows, wants
from graphchat.client.groups.live import LiveGroup, Peer
from graphchat.client.groups.registry import Groups
from graphchat.client.groups.rows import Kept
from graphchat.content import Delete, Edit, Message, Unknown
from graphchat.content.words import text_of
from graphchat.core.groups import post as core
from graphchat.core.groups.chains import Conflict, Hold, Outcome, Show, Skipped
from graphchat.core.groups.entry import MAX_PREV
from graphchat.core.groups.post import Post, SignedPost
from graphchat.errors import RemoteProtocolError, StateError

# Posts of people whom the log does not know yet.
MAX_EARLY: Final = 256
TWICE: Final = (
    "{name} signed two different posts with one number. Their device may have been restored from"
    " an old backup, or somebody may be using their key."
)


@dataclass(frozen=True, slots=True)
class Came:
    """How a post came."""

    connection: int
    old: bool


async def take(
    groups: Groups, turn: Applier, group: LiveGroup, packed: Sequence[bytes], came: Came
) -> None:
    """Take posts that came by a connection of the group."""
    groups.touch(turn, group)
    for data in packed:
        try:
            signed = SignedPost.unpack(data)
        except RemoteProtocolError:
            groups.forged(turn, group, came.connection)
            continue
        if signed.post.group != group.gid or signed.post.author == group.me:
            continue
        _heard(groups, group, signed, came.connection)
        known = group.chains.authors.get(signed.post.author)
        if known is not None and signed.hash in known.recent:
            continue
        if not signed.genuine:
            groups.forged(turn, group, came.connection)
            continue
        await _judge(groups, turn, group, signed, came)


async def retry(groups: Groups, turn: Applier, group: LiveGroup) -> None:
    """Look again at posts whose authors were not known."""
    early, group.early = group.early, []
    for connection, data, old in early:
        await take(groups, turn, group, [data], Came(connection, old))


async def _judge(
    groups: Groups, turn: Applier, group: LiveGroup, signed: SignedPost, came: Came
) -> None:
    post = signed.post
    now_ms = int(groups.context.clock.now() * 1000)
    known = group.log.begun and post.author in group.log.ever
    if not known or not group.log.begun:
        if len(group.early) < MAX_EARLY:
            group.early.append((came.connection, signed.pack(), came.old))
            await wants.named(groups, turn, group, came.connection, post.heads)
        return
    if not came.old and not group.state.may_post(post.author, now_ms):
        return
    use(groups, turn, group, group.chains.receive(signed), came)


def use(
    groups: Groups, turn: Applier, group: LiveGroup, outcomes: Sequence[Outcome], came: Came
) -> None:
    """Store what follows from a post, or from the end of patience."""
    authors: set[bytes] = set()
    for outcome in outcomes:
        match outcome:
            case Show(post=signed):
                authors.add(signed.post.author)
                _show(groups, turn, group, signed, came)
            case Hold(post=signed):
                authors.add(signed.post.author)
                _hold(groups, turn, group, signed, came)
            case Skipped(author=author):
                authors.add(author)
                _skipped(groups, turn, group, outcome)
            case Conflict(author=author):
                groups.alarm(turn, group, TWICE.format(name=group.name_of(author)))
    for author in authors:
        turn.unit.write(rows.chain(group.id, author, group.chains.of(author)))
        if group.chains.gap(author) is None:
            group.waiting.pop(author, None)
            group.asked.discard(author)


def _skipped(groups: Groups, turn: Applier, group: LiveGroup, gap: Skipped) -> None:
    """Tell of posts that nobody has, unless somebody took them away."""
    numbers = range(gap.first, min(gap.last + 1, gap.first + MAX_EARLY))
    deleted = all((gap.author, number) in group.state.deleted for number in numbers)
    if not deleted and not group.state.settings.disappear:
        name = group.name_of(gap.author)
        groups.tell(turn, group, records.GroupGapRecord(group.id, name, gap.first, gap.last))


def _hold(groups: Groups, turn: Applier, group: LiveGroup, signed: SignedPost, came: Came) -> None:
    group.waiting.setdefault(signed.post.author, groups.context.clock.monotonic())
    row_id = next(groups.index.post_ids)
    turn.unit.write(rows.post(row_id, group.id, signed, Kept(came.connection, "", 0.0, "held")))
    turn.unit.after(groups.wake)


def _show(groups: Groups, turn: Applier, group: LiveGroup, signed: SignedPost, came: Came) -> None:
    post, now = signed.post, groups.context.clock.now()
    deleted = (post.author, post.seq) in group.state.deleted
    group.newest_post = next(groups.index.post_ids)
    sent_at = min(post.ts_ms / 1000, now)
    message = message_of(post.payload)
    kept = Kept(
        came.connection,
        text_of(message),
        sent_at,
        "deleted" if deleted else "received",
        target=amending.target_of(message),
    )
    turn.unit.write(rows.post(group.newest_post, group.id, signed, kept))
    _amend(turn, group, post, message)
    if not deleted and not came.old:
        name = group.name_of(post.author)
        event = records.GroupMessageRecord(
            group.id, post.author, name, post.seq, post.id, post.payload, sent_at
        )
        groups.tell(turn, group, event)
    groups.stir(turn, group)


def write(
    groups: Groups, turn: Applier, group: LiveGroup, message: Message, message_id: bytes
) -> None:
    """Post something of ours. Raises `StateError` if we may not."""
    now = groups.context.clock.now()
    _check(group, int(now * 1000))
    groups.touch(turn, group)
    chain, heads = group.chains.of(group.me), group.log.heads
    newest = sorted(heads, key=lambda each: (-heads[each], each))[:MAX_PREV]
    post = Post(
        group.gid,
        group.me,
        chain.seq + 1,
        chain.head,
        tuple(sorted(newest)),
        int(now * 1000),
        message_id,
        content.encode(message),
    )
    signed = core.sign(group.key, post)
    group.chains.receive(signed)
    group.newest_post = next(groups.index.post_ids)
    target = amending.target_of(message)
    kept = Kept(0, text_of(message), now, "sent", outgoing=True, target=target)
    turn.unit.write(rows.post(group.newest_post, group.id, signed, kept))
    _amend(turn, group, post, message)
    turn.unit.write(rows.chain(group.id, group.me, chain))
    groups.stir(turn, group)


def _amend(turn: Applier, group: LiveGroup, post: Post, message: Message) -> None:
    """Do to a post what its author says about it, now or before it came."""
    target = amending.target_of(message)
    if target is None or isinstance(message, Edit | Delete):
        about = post.id if target is None else target
        turn.unit.run(partial(amending.settle, group.id, post.author, about))


def _check(group: LiveGroup, now_ms: int) -> None:
    if group.status == "asked":
        raise StateError(f"Nobody has let you into {group.name} yet.")
    if group.status != "member":
        raise StateError(f"You are not in {group.name} any more.")
    if group.record.restored:
        raise StateError(renewing.WAIT.format(name=group.name))
    if not group.state.may_post(group.me, now_ms):
        member = group.state.members.get(group.me)
        muted = member is not None and member.muted_until_ms > now_ms
        why = "You are muted" if muted else "Your role does not let you post"
        raise StateError(f"{why} in {group.name}.")


def message_of(payload: bytes) -> Message:
    """Return what a post says; what cannot be read is shown as unknown, not dropped."""
    try:
        return content.decode(payload)
    except RemoteProtocolError:
        return Unknown("damaged", payload)


def _heard(groups: Groups, group: LiveGroup, signed: SignedPost, connection: int) -> None:
    """Note which hosts have brought a post, and which have not."""
    now, post = groups.context.clock.monotonic(), signed.post
    came = group.peers.get(connection)
    if came is None or came.kind != "host":
        return
    came.heard = now
    came.late.pop((post.author, post.seq), None)
    known = group.chains.authors.get(post.author)
    if known is None or post.seq <= known.seq:
        return
    for peer in group.open("host"):
        if peer is not came and peer.key != post.author and len(peer.late) < MAX_EARLY:
            peer.late.setdefault((post.author, post.seq), now)


def late(group: LiveGroup, peer: Peer, before: float) -> list[tuple[bytes, int]]:
    """Return what a host has not brought since ``before``, though it brought other things."""
    found = [name for name, since in peer.late.items() if since < before and peer.heard > since]
    for name in found:
        del peer.late[name]
    return found

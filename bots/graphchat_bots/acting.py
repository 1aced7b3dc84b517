"""What a bot does in a group, on a client: what is so already is not done again."""

from datetime import UTC, datetime

from graphchat.client.groups.group import Group
from graphchat.errors import NotFoundError
from graphchat.ids import MessageId
from graphchat_bots import actions
from graphchat_bots.log import note


async def act(group: Group, action: actions.Action) -> None:
    """Do it. Raises `StateError` if the role of the bot does not allow it."""
    match action:
        case actions.Delete(sender=sender, message=message, reason=reason):
            await _delete(group, bytes.fromhex(sender), MessageId(message), reason)
        case actions.Mute(sender=sender, until=until):
            await _mute(group, bytes.fromhex(sender), until)
        case actions.Remove(sender=sender, ban=ban):
            await _remove(group, bytes.fromhex(sender), ban=ban)
        case actions.Decide(sender=sender, accept=accept):
            await _decide(group, bytes.fromhex(sender), accept=accept)
        case actions.Enter():
            raise NotFoundError("Nobody enters a group from within.")


async def take_back(group: Group, post: MessageId) -> None:
    """Delete a post of the bot's own: in a group the log says that, and no message."""
    (me,) = (member.key for member in group.members() if member.me)
    await _delete(group, me, post, "")


async def _delete(group: Group, author: bytes, post: MessageId, reason: str) -> None:
    try:
        number = await group.number(author, post)
    except NotFoundError:
        return  # deleted already
    await group.delete(author, number)
    note("info", "a post was deleted", reason=reason)


async def _mute(group: Group, key: bytes, until: float) -> None:
    try:
        member = group.member(key)
    except NotFoundError:
        return  # gone
    wanted = datetime.fromtimestamp(until, UTC) if until else None
    if _ms(member.muted_until) != _ms(wanted):
        await group.mute(member, wanted)


async def _remove(group: Group, key: bytes, *, ban: bool) -> None:
    try:
        member = group.member(key)
    except NotFoundError:
        return
    await (group.ban if ban else group.remove)(member)


async def _decide(group: Group, key: bytes, *, accept: bool) -> None:
    for request in await group.requests():
        if request.key == key:
            await (request.accept if accept else request.reject)()


def _ms(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp() * 1000)

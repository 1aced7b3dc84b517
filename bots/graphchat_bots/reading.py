"""From what a client tells to what a bot is told: who, where and what, under lasting names."""

from dataclasses import replace
from typing import Final

from graphchat.client import (
    Contact,
    ContactEstablished,
    Event,
    MessageEdited,
    MessageReceived,
    Reacted,
)
from graphchat.client.groups.events import (
    GroupChanged,
    GroupInvited,
    GroupMessageReceived,
    JoinRequested,
)
from graphchat.client.groups.group import Group as ClientGroup
from graphchat.codes import GroupCode
from graphchat.content import Delete, Edit, GroupInvite, Message, Reaction, Text, Vote
from graphchat.errors import NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat_bots.message import Sender
from graphchat_bots.port import MODERATORS, Group, GroupInfo, Incoming, Kind, Member
from graphchat_bots.roles import Role

GROUP: Final = "group-"
"""What the name of a chat begins with that is a group; that of a contact is hexadecimal."""

OF_CONTACT: Final = (MessageReceived, MessageEdited, Reacted, ContactEstablished)
"""What is told of a contact, and reaches a handler."""


async def incoming_of(event: Event) -> Incoming | None:  # noqa: PLR0911 - a table
    """Return what a bot is told; None for what is for no handler."""
    match event:
        case MessageReceived(message_id=message_id):
            # The sender chooses the message id; the chat is between us and them alone.
            name, sent_at = f"{event.contact.id}-{message_id.hex()}", event.sent_at.timestamp()
            return _of_contact(event.contact, name, event.message, sent_at, message_id)
        case Reacted() | MessageEdited():
            return _about(event)
        case ContactEstablished():
            return _of_contact(event.contact, f"{event.contact.id}-contact", None, 0.0, b"")
        case GroupMessageReceived():
            return await _posted(event)
        case GroupChanged(what="joined"):
            return _change(event, "joined")
        case GroupChanged(what="left" | "removed", whom_key=key) if key:
            return _change(event, "left")
        case JoinRequested(request=request):
            who = Sender(request.key.hex(), request.name, request.kind == "bot")
            return _in_group(event.group, "request", f"request-{event.id}", who)
        case GroupInvited():
            return _invitation(event)
        case _:
            return None


def chat_of(group: ClientGroup) -> str:
    """Return the name of a chat that is a group."""
    return GROUP + group.id


def info_of(group: ClientGroup) -> GroupInfo:
    """Return how a group is now. Raises `StateError` while the bot is outside."""
    if group.role is None:
        raise StateError("The bot is not in this group, or not any more.")
    members = tuple(
        Member(
            each.key.hex(),
            each.name,
            each.role,
            each.kind == "bot",
            each.me,
            each.muted_until is not None,
        )
        for each in group.members()
    )
    return GroupInfo(group.name, members, group.role)


def _of_contact(
    contact: Contact, name: str, message: Message | None, sent_at: float, message_id: bytes
) -> Incoming:
    card = contact.profile
    return Incoming(
        id=name,
        chat=contact.id,
        sender_id=contact.id,
        sender_name=card.name if card else contact.name,
        kind="contact" if message is None else "message",
        message=message,
        sent_at=sent_at,
        message_id=message_id,
        from_bot=contact.kind == "bot",
    )


def _about(event: Reacted | MessageEdited) -> Incoming:
    """Return what is about an earlier message: only the event has a name of its own."""
    contact, target = event.contact, event.message_id
    name = f"{contact.id}-{target.hex()}-{event.id}"
    if isinstance(event, MessageEdited):
        made = _of_contact(contact, name, event.message, 0.0, target)
        return replace(made, kind="edited")
    made = _of_contact(contact, name, Reaction(target, event.emoji), 0.0, target)
    return replace(made, kind="reaction")


def _invitation(event: GroupInvited) -> Incoming:
    contact = event.contact
    link = GroupCode.parse(event.link)
    invite = GroupInvite(link.group, event.link, event.name, event.broadcast)
    made = _of_contact(contact, f"{contact.id}-invited-{event.id}", invite, 0.0, b"")
    return replace(made, kind="invited")


async def _posted(event: GroupMessageReceived) -> Incoming | None:
    """Return what a post is: said, or about an earlier post."""
    # Whoever posts chooses the message id, so the name has to hold who did.
    message, name = event.message, f"{event.author_key.hex()}-{event.message_id.hex()}"
    who = _sender(event.group, event.author_key, event.author)
    match message:
        case Reaction(target=target):
            made = _in_group(event.group, "reaction", name, who)
            return replace(made, message=message, message_id=target)
        case Edit(target=target, text=text):
            try:
                await event.group.number(event.author_key, MessageId(target))
            except NotFoundError:
                return None  # not theirs, or gone
            made = _in_group(event.group, "edited", name, who)
            return replace(made, message=Text(text), message_id=target)
        case Delete() | Vote():
            return None
        case _:
            return await _said(event, _in_group(event.group, "message", name, who))


async def _said(event: GroupMessageReceived, made: Incoming) -> Incoming:
    target = getattr(event.message, "reply_to", b"")
    to_us = bool(target) and await event.group.is_mine(MessageId(target))
    return replace(
        made,
        message=event.message,
        sent_at=event.sent_at.timestamp(),
        message_id=event.message_id,
        to_us=to_us,
    )


def _change(event: GroupChanged, kind: Kind) -> Incoming:
    who = _sender(event.group, event.whom_key, event.whom)
    return _in_group(event.group, kind, f"{kind}-{event.id}", who)


def _in_group(group: ClientGroup, kind: Kind, name: str, sender: Sender) -> Incoming:
    chat = chat_of(group)
    return Incoming(
        id=f"{chat}-{name}",
        chat=chat,
        sender_id=sender.id,
        sender_name=sender.name,
        kind=kind,
        message=None,
        sent_at=0.0,
        message_id=b"",
        from_bot=sender.is_bot,
        group=Group(chat, group.name, group.broadcast),
        role=sender.role,
    )


def _sender(group: ClientGroup, key: bytes, name: str) -> Sender:
    try:
        member = group.member(key)
    except (NotFoundError, StateError):
        return Sender(key.hex(), name)  # gone meanwhile
    # Whoever founds a group owns it: that makes nobody more than a moderator for a bot.
    role = Role.MODERATOR if member.role in MODERATORS else Role.MEMBER
    return Sender(key.hex(), name, member.kind == "bot", role)

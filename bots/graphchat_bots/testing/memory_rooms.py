"""People in groups without a network: what they do there reaches the bot at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Final, final

from graphchat.content import Edit, GroupInvite, Message, Reaction, Text
from graphchat.errors import StateError
from graphchat_bots.port import MODERATORS, Group, Incoming, Kind, Member
from graphchat_bots.roles import Role
from graphchat_bots.testing.clock import START
from graphchat_bots.testing.memory_groups import BOT_ID, MemoryGroups
from graphchat_bots.testing.memory_port import MemoryPort


@final
class MemoryRooms:
    """The `Groups` of level ``memory``."""

    def __init__(
        self, groups: MemoryGroups, port: MemoryPort, people: Mapping[str, tuple[str, bool]]
    ) -> None:
        self._groups: Final = groups
        self._port: Final = port
        self._people: Final = people
        self._numbers = count(1)

    async def found(self, name: str, founder: str, *, approval: bool) -> str:
        chat = self._groups.found(name, approval=approval)
        self._groups[chat].enter(replace(self._member(chat, founder), role="owner"))
        return chat

    async def take_bot(self, group: str, role: str) -> None:
        self._groups[group].enter(replace(self._groups.bot, role=role))

    async def invite_bot(self, group: str, person: str) -> None:
        found, (name, is_bot) = self._groups[group], self._people[person]
        invite = GroupInvite(bytes(16), group, found.name)
        id_ = f"{person}-invited-{next(self._numbers)}"
        self._port.deliver(
            Incoming(id_, person, person, name, "invited", invite, START, b"", is_bot)
        )

    async def enter(self, group: str, person: str) -> None:
        found, member = self._groups[group], self._member(group, person)
        if found.approval and member.id not in found.people:
            found.asking[member.id] = member
            self._tell("request", group, member)
        else:
            found.enter(member)
            self._tell("joined", group, member)

    async def leave(self, group: str, person: str) -> None:
        member = self._member(group, person)
        del self._groups[group].people[member.id]
        self._tell("left", group, member)

    async def post(self, group: str, person: str, message: Message, message_id: bytes) -> None:
        found, member = self._groups[group], self._member(group, person)
        found.post(member.id, message, message_id)
        if BOT_ID not in found.people:
            return
        made = self._event("message", group, f"{member.id}-{message_id.hex()}", member)
        match message:
            case Reaction(target=target):
                made = replace(made, kind="reaction", message=message, message_id=target)
            case Edit(target=target, text=text):
                made = replace(made, kind="edited", message=Text(text), message_id=target)
            case _:
                to = getattr(message, "reply_to", b"")
                to_us = to in found.posts and found.posts[to][0] == BOT_ID
                made = replace(made, message=message, message_id=message_id, to_us=to_us)
        self._port.deliver(made)

    async def members(self, group: str) -> Sequence[Member]:
        return self._groups[group].members()

    async def posts(self, group: str) -> Sequence[tuple[str, Message]]:
        found = self._groups[group]
        return [(found.names[author], message) for author, message in found.posts.values()]

    def _member(self, group: str, person: str) -> Member:
        name, is_bot = self._people[person]
        id_ = f"{group}-{person}"
        return Member(id_, name, "member", is_bot, is_me=False, muted=False)

    def _tell(self, kind: Kind, group: str, member: Member) -> None:
        found, number = self._groups[group], next(self._numbers)
        try:
            role = found.info().role
        except StateError:
            return  # the bot is not in it
        if kind != "request" or role in {"moderator", "admin", "owner"}:
            self._port.deliver(self._event(kind, group, f"{kind}-{number}", member))

    def _role(self, group: str, member: Member) -> Role:
        known = self._groups[group].people.get(member.id, member)
        return Role.MODERATOR if known.role in MODERATORS else Role.MEMBER

    def _event(self, kind: Kind, group: str, name: str, member: Member) -> Incoming:
        return Incoming(
            id=f"{group}-{name}",
            chat=group,
            sender_id=member.id,
            sender_name=member.name,
            kind=kind,
            message=None,
            sent_at=START,
            message_id=b"",
            from_bot=member.is_bot,
            group=Group(group, self._groups[group].name),
            role=self._role(group, member),
        )

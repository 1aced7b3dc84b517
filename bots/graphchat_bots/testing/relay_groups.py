"""People in groups over a real relay: the founder's client is the host."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, final

from graphchat.client import Group, GroupMessageReceived, OwnProfile
from graphchat.content import Message
from graphchat.ids import MessageId
from graphchat_bots.port import Incoming, Member
from graphchat_bots.reading import chat_of, info_of
from graphchat_bots.testing.network import Heard
from graphchat_bots.testing.relay_log import PATIENCE, Log

# Seconds between two looks at what two clients know of a group.
LOOK: Final = 0.02


@final
class RelayGroups:
    """The `Groups` of level ``relay``."""

    def __init__(self, log: Log) -> None:
        self._log: Final = log
        self.bot: OwnProfile | None = None
        """Of the life of the bot that goes on."""
        self._people: dict[str, OwnProfile] = {}
        self._groups: dict[str, dict[str, Group]] = {}
        """The groups of each person who is in, by chat; the founder is first."""
        self._heard: dict[str, list[Heard]] = {}

    def add(self, person: str, profile: OwnProfile) -> None:
        """Know somebody."""
        self._people[person] = profile

    def note(self, person: str, event: GroupMessageReceived) -> None:
        """Note what somebody has heard in a group: the founder hears it for all."""
        chat = chat_of(event.group)
        groups = self._groups.get(chat, {})
        if next(iter(groups), None) != person:
            return
        if event.author_key not in {_key(group) for group in groups.values()}:
            heard = Heard(event.message_id, event.message)
            self._heard[chat].append(heard)
            self._log.note_heard(chat, heard)

    def hear(self, chat: str) -> list[Heard]:
        """Return what the bot has said in a group since the last time."""
        heard, self._heard[chat] = self._heard[chat], []
        return heard

    def __contains__(self, chat: str) -> bool:
        return chat in self._groups

    async def found(self, name: str, founder: str, *, approval: bool) -> str:
        group = await self._people[founder].create_group(name, approval=approval)
        chat = chat_of(group)
        self._groups[chat], self._heard[chat] = {founder: group}, []
        return chat

    async def take_bot(self, group: str, role: str) -> None:
        host = self._host(group)
        mine = await self._in(host, self._bot())
        await host.set_role(host.member(_key(mine)), role)
        await _until(lambda: mine.role == role)

    async def invite_bot(self, group: str, person: str) -> None:
        profile, before = self._people[person], self._count("invited", person)
        await self._host(group).invite(await profile.contact(person))
        await self._log.signal.until(lambda: self._count("invited", person) > before)

    async def enter(self, group: str, person: str) -> None:
        host, profile = self._host(group), self._people[person]
        inside = self._bot_sees(group)
        mine = await profile.join_group(host.link())
        self._groups[group][person] = mine
        kind = "request" if host.settings.approval and inside else "joined"
        if not host.settings.approval:
            async with asyncio.timeout(PATIENCE):
                await mine.entered()
        elif not inside:
            await self._let_in(host, mine)
        if inside:
            await self._log.signal.until(lambda: bool(self._count(kind, group, _key(mine).hex())))

    async def leave(self, group: str, person: str) -> None:
        mine = self._groups[group].pop(person)
        await mine.leave()
        if self._bot_sees(group):
            await self._log.signal.until(
                lambda: bool(self._count("left", group, _key(mine).hex()))
            )

    async def post(self, group: str, person: str, message: Message, message_id: bytes) -> None:
        await self._agree(group)
        mine = self._groups[group][person]
        await mine.send(message, id=MessageId(message_id))
        if self._bot_sees(group):
            name = f"{group}-{_key(mine).hex()}-{message_id.hex()}"
            await self._log.signal.until(
                lambda: any(event.id == name for event in self._log.received.values())
            )

    async def members(self, group: str) -> Sequence[Member]:
        await self._agree(group)
        known = {_key(mine).hex() for mine in self._groups[group].values()}
        found = info_of(self._host(group)).members
        return [replace(member, is_me=member.id not in known) for member in found]

    async def posts(self, group: str) -> Sequence[tuple[str, Message]]:
        await self._agree(group)
        lines = await self._host(group).history()
        return [(line.author, line.message) for line in lines if line.message is not None]

    async def _in(self, host: Group, profile: OwnProfile) -> Group:
        mine = await profile.join_group(host.link())
        if host.settings.approval:
            await self._let_in(host, mine)
        async with asyncio.timeout(PATIENCE):
            await mine.entered()
        return mine

    async def _let_in(self, host: Group, mine: Group) -> None:
        async with asyncio.timeout(PATIENCE):
            while mine.status == "asked":
                for request in await host.requests():
                    if request.key == _key(mine):
                        await request.accept()
                await asyncio.sleep(LOOK)

    async def _agree(self, group: str) -> None:
        """Wait until all who are in know the same."""
        groups = list(self._groups[group].values())
        if self._bot_sees(group):
            groups.append(await self._bot().group(group.removeprefix("group-")))
        # Who was removed, or waits to be let in, learns no more.
        await _until(lambda: len({_heads(each) for each in groups if each.status == "member"}) < 2)

    def _host(self, group: str) -> Group:
        return next(iter(self._groups[group].values()))

    def _bot(self) -> OwnProfile:
        assert self.bot is not None, "the bot does not run"
        return self.bot

    def _bot_sees(self, group: str) -> bool:
        """Say whether the bot is in, as far as the founder knows."""
        known = {_key(mine) for mine in self._groups[group].values()}
        return any(member.key not in known for member in self._host(group).members())

    def _count(self, kind: str, chat: str, sender: str = "") -> int:
        def fits(event: Incoming) -> bool:
            return (event.kind, event.chat) == (kind, chat) and sender in {"", event.sender_id}

        return sum(map(fits, self._log.received.values()))


def _key(group: Group) -> bytes:
    return group._live.me  # noqa: SLF001 - members know their own keys


def _heads(group: Group) -> frozenset[bytes]:
    return frozenset(group._live.log.heads)  # noqa: SLF001 - what a client knows of a group


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - two clients have no event in common
            await asyncio.sleep(LOOK)

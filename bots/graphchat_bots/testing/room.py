"""A group in a test: people, and the bot among them."""

from collections.abc import Sequence
from typing import Final, Protocol, final

from graphchat_bots.port import Member
from graphchat_bots.testing.network import Network
from graphchat_bots.testing.transcript import Said, Transcript, read


class Surroundings(Protocol):
    """What a group needs of the world."""

    @property
    def network(self) -> Network: ...

    async def settle(self, chat: str) -> None:
        """Wait until the bot has nothing more to do in ``chat``."""
        ...


class Inhabitant(Protocol):
    """What a group needs of a person."""

    async def chat(self) -> str:
        """Return the name of their chat with the bot; they connect first, if they have not."""
        ...


@final
class Room:
    """A group of people; see `World.group`."""

    def __init__(self, world: Surroundings, chat: str) -> None:
        self.chat: Final = chat
        """The name of the chat, as the bot knows it."""
        self._world = world
        self._heard = Transcript("the bot")

    async def joins(self, person: Inhabitant) -> list[Said]:
        """Let somebody come in, or ask to be let in; return what the bot says to that."""
        await self._world.network.groups.enter(self.chat, await person.chat())
        return await self.hears()

    async def invites(self, founder: Inhabitant) -> None:
        """Let who has founded the group invite the bot, and wait until it has decided."""
        chat = await founder.chat()
        await self._world.network.groups.invite_bot(self.chat, chat)
        await self._world.settle(chat)

    async def leaves(self, person: Inhabitant) -> list[Said]:
        """Let somebody go; return what the bot says to that."""
        await self._world.network.groups.leave(self.chat, await person.chat())
        return await self.hears()

    async def hears(self) -> list[Said]:
        """Return what the bot has said since the last time, once it has nothing more to do."""
        await self._world.settle(self.chat)
        for heard in await self._world.network.hear(self.chat):
            self._heard.add(heard)
        return [read(heard.message) for heard in self._heard.fresh()]

    def id_of(self, said: Said) -> bytes:
        """Return the id of the newest message of the bot that says ``said``, to reply to it.

        Raises `AssertionError` if there is none.
        """
        return self._heard.newest(said).id

    async def members(self) -> Sequence[Member]:
        """Return who is in now, by name, as everybody sees it."""
        await self._world.settle(self.chat)
        return await self._world.network.groups.members(self.chat)

    async def posts(self) -> list[tuple[str, Said]]:
        """Return who has said what, without what was deleted."""
        await self._world.settle(self.chat)
        found = await self._world.network.groups.posts(self.chat)
        return [(name, read(message)) for name, message in found]

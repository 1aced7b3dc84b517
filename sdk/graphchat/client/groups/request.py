"""Somebody who asks to be let into a group."""

from typing import Final

from graphchat.client.apply import Applier
from graphchat.client.engine import Engine
from graphchat.client.groups import joining
from graphchat.client.groups.live import LiveGroup
from graphchat.client.groups.registry import Groups
from graphchat.content import GroupJoin
from graphchat.core.groups.entry import read_ticket
from graphchat.errors import StateError

ANSWERED: Final = "This request was answered already."


class JoinRequest:
    """A request: who asks. Accept or reject it, now or later."""

    def __init__(self, engine: Engine, group: int, ticket: bytes, signature: bytes) -> None:
        self._engine: Final = engine
        self._group: Final = group
        self._ticket: Final = ticket
        self._signature: Final = signature
        read = read_ticket(ticket, signature)
        self.name: Final = read.name
        """How they want to be called in the group."""
        self.key: Final = read.key
        self.kind: Final = read.kind
        """What they say that they are, such as ``bot``."""

    async def accept(self) -> None:
        """Let them in. Raises `StateError` if that was answered already, or is not allowed."""
        await self._engine.do(self._accept)

    async def reject(self) -> None:
        """Do not. They are told by the host. Raises `StateError`."""
        await self._engine.do(self._reject)

    async def _accept(self, turn: Applier) -> None:
        groups, group = await self._loaded()
        if self.key in group.state.members:
            raise StateError(ANSWERED)
        join = GroupJoin(group.gid, self._ticket, self._signature, bytes(64))
        await joining.let_in(groups, turn, group, join)
        joining.answered(turn, group, self.key)

    async def _reject(self, turn: Applier) -> None:
        groups, group = await self._loaded()
        if self.key in group.state.members:
            raise StateError(ANSWERED)
        await joining.reject(groups, turn, group, self.key)

    async def _loaded(self) -> tuple[Groups, LiveGroup]:
        groups = self._engine.context.groups
        return groups, await groups.get(self._group)

    def __repr__(self) -> str:
        return f"<JoinRequest of {self.name!r}>"

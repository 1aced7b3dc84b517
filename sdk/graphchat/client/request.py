"""Somebody who asks, at an address, to become a contact."""

from functools import partial

from graphchat.client import accept
from graphchat.client.apply import Applier
from graphchat.client.contact import Contact
from graphchat.client.engine import Engine
from graphchat.client.stored import AcceptWork
from graphchat.content import ProfileCard
from graphchat.core.handshake import Phase
from graphchat.errors import StateError


class Request:
    """A request: who asks, and what they say. Accept or reject it, now or later."""

    def __init__(self, engine: Engine, contact: Contact, text: str) -> None:
        self._engine = engine
        self.contact = contact
        self.text = text

    @property
    def name(self) -> str:
        return self.contact.name

    @property
    def profile(self) -> ProfileCard | None:
        return self.contact.profile

    async def accept(self) -> Contact:
        """Become contacts. The answer leaves as soon as relays can be reached.

        Raises `StateError` if the request was answered already.
        """
        await self._engine.do(self._accept)
        return self.contact

    async def reject(self) -> None:
        """Forget the request. The other side is not told. Raises `StateError`."""
        await self._engine.do(self._reject)

    async def _accept(self, turn: Applier) -> None:
        live = await self._engine.live(self.contact.row_id)
        if live.connection.phase is not Phase.REQUESTED or live.answered:
            raise StateError("This request was answered already.")
        live.answered = True
        turn.unit.on_failure(partial(setattr, live, "answered", False))  # noqa: FBT003
        turn.work(live, AcceptWork())

    async def _reject(self, turn: Applier) -> None:
        live = await self._engine.live(self.contact.row_id)
        if live.connection.phase is not Phase.REQUESTED or live.answered:
            raise StateError("This request was answered already.")
        accept.remove(turn, live)

    def __repr__(self) -> str:
        return f"<Request of {self.name!r}>"

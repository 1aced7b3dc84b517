"""Messages that people see growing: how they leave before they are finished.

The first words leave at once as a message with the id that the answer will have; later ones are
edits of it. What the event's transaction stores is the whole text, as that message and an edit
of it: whichever part of this a crash has cut off, people end up with one message, and all of it.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Final, final

from graphchat.content import Delete, Edit, Text
from graphchat_bots.log import describe, note
from graphchat_bots.parcel import pack, unpack
from graphchat_bots.port import Port
from graphchat_bots.store import BotStore
from graphchat_bots.timer import Timer
from graphchat_bots.turn import Outgoing, Turn

# What is shown of a message of which nothing was ever shown, before it is deleted.
_NOTHING: Final = "…"


@final
class Growing:
    """Shows messages before they are finished, at most one edit in ``every`` seconds each."""

    def __init__(self, port: Port, store: BotStore, timer: Timer, every: float) -> None:
        self._port = port
        self._store = store
        self._timer = timer
        self._every = every
        self._shown: defaultdict[str, list[bytes]] = defaultdict(list)
        self.is_behind: Callable[[str], bool] = lambda _chat: False
        """Say whether something is still to be sent in a chat: then nothing overtakes it."""

    async def load(self) -> None:
        """Learn what an earlier run has begun to show. Before any event is handled."""
        for event_id, message_id in await self._store.growing():
            self._shown[event_id].append(message_id)

    def due(self) -> float:
        """Return when to show what is written now, after it was shown."""
        return self._timer.now() + self._every

    def is_due(self, when: float) -> bool:
        return self._timer.now() >= when

    async def show(self, turn: Turn, name: bytes, text: str) -> None:
        """Let people see what there is of a message, unless that would put it out of order.

        Whether that works makes no difference to what they see in the end.
        """
        if turn.is_over:
            return
        event = turn.event
        shown = self._shown.get(event.id, ())
        before = turn.messages[: turn.place(name)]
        if self.is_behind(event.chat) or any(each.message_id not in shown for each in before):
            return
        try:
            if name not in shown:
                await self._store.begin_growing(event.id, name)
                self._shown[event.id].append(name)
                await self._port.send(event.chat, Text(text), name)
            else:
                # As a message too: it may have been cut off before that had left.
                await self._port.send(event.chat, Text(text), name)
                await self._port.send(event.chat, Edit(name, text), self._timer.random(16))
        except Exception as error:  # noqa: BLE001 - the whole text leaves by the outbox
            note("warning", "showing a part failed", error=describe(error))

    def settled(self, turn: Turn) -> tuple[Outgoing, ...]:
        """Return what leaves, so that everything that was shown becomes what ``turn`` says."""
        messages = turn.outgoing()
        shown = self._shown.get(turn.event.id)
        if not shown:
            return messages
        left = set(shown) - {each.message_id for each in messages}
        settled = [row for each in messages for row in _settle(each, each.message_id in shown)]
        chat = turn.event.chat
        return (*settled, *(row for name in shown if name in left for row in _drop(chat, name)))

    def has_shown(self, event_id: str) -> bool:
        return event_id in self._shown

    def ended(self, event_id: str) -> None:
        """Forget what was shown: all that follows from the event is stored."""
        self._shown.pop(event_id, None)


def _settle(message: Outgoing, was_shown: bool) -> list[Outgoing]:  # noqa: FBT001 - one of two ways
    if not was_shown:
        return [message]
    parcel = unpack(message.body)
    name = message.message_id
    if isinstance(parcel, Text) and not parcel.reply_to:
        edit = replace(
            message, message_id=_name(b"edit", name), body=pack(Edit(name, parcel.text))
        )
        return [message, edit]
    return [*_drop(message.chat, name), replace(message, message_id=_name(b"instead", name))]


def _drop(chat: str, name: bytes) -> list[Outgoing]:
    """Return what takes a message back of which nobody knows whether it has left."""
    return [
        Outgoing(chat, name, pack(Text(_NOTHING))),
        Outgoing(chat, _name(b"drop", name), pack(Delete(name))),
    ]


def _name(what: bytes, name: bytes) -> bytes:
    return sha256(b"gc/1 bot growing" + what + name).digest()[:16]

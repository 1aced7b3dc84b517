"""What a bot remembers of a sender in a chat, while a handler has it in its hands."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from graphchat.errors import LocalProtocolError
from graphchat_bots.handler import State
from graphchat_bots.message import Event
from graphchat_bots.store import BotStore, StateRow

# Bytes of one state as it is stored.
MAX_STATE: Final = 2**16


@dataclass(slots=True)
class States:
    """The states that a handler was given, and the bytes that they were made of."""

    store: BotStore
    event: Event
    given: dict[State, tuple[msgspec.Struct, bytes]] = field(default_factory=dict)

    async def load(self, state: State) -> msgspec.Struct:
        if state not in self.given:
            body = await self.store.state(self.event.chat, self.event.sender.id, state.__name__)
            value = state() if body is None else msgspec.msgpack.decode(body, type=state)
            self.given[state] = value, msgspec.msgpack.encode(value)
        return self.given[state][0]

    def mark(self) -> dict[State, bytes]:
        """Return what the states hold now, for `rewind`."""
        return {state: msgspec.msgpack.encode(value) for state, (value, _) in self.given.items()}

    def rewind(self, before: dict[State, bytes]) -> None:
        """Undo changes since `mark`, also in the structs that somebody still holds."""
        for state, (value, _) in list(self.given.items()):
            if state not in before:
                del self.given[state]
                continue
            was = msgspec.msgpack.decode(before[state], type=state)
            for name in state.__struct_fields__:
                setattr(value, name, getattr(was, name))

    def changed(self) -> tuple[StateRow, ...]:
        rows = []
        for state, (value, before) in self.given.items():
            body = msgspec.msgpack.encode(value)
            if body != before:
                _check(state, body)
                event = self.event
                rows.append(StateRow(event.chat, event.sender.id, state.__name__, body))
        return tuple(rows)


def _check(state: State, body: bytes) -> None:
    # What cannot be read again would break every later event of the chat.
    if len(body) > MAX_STATE:
        raise LocalProtocolError(f"state {state.__name__}: it is larger than 64 KiB")
    try:
        msgspec.msgpack.decode(body, type=state)
    except msgspec.ValidationError:
        # Its text may quote the value.
        raise TypeError(f"state {state.__name__}: a field has another type") from None

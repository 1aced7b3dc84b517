"""What a bot remembers of a sender, of a chat or at all, while a handler has it in its hands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from graphchat.errors import LocalProtocolError
from graphchat_bots.handler import Scope, State
from graphchat_bots.message import Event
from graphchat_bots.store import BotStore, StateRow

# Bytes of one state as it is stored.
MAX_STATE: Final = 2**16
# What is one for the whole bot may hold a list of its chats.
MAX_SHARED: Final = 2**20


@dataclass(frozen=True, slots=True)
class _Given:
    """A state that a handler has, and the bytes that it was made of."""

    value: msgspec.Struct
    stored: bytes | None
    before: bytes


@dataclass(slots=True)
class States:
    """The states that a handler was given."""

    store: BotStore
    event: Event
    scopes: Mapping[State, Scope]
    given: dict[State, _Given] = field(default_factory=dict)

    async def load(self, state: State) -> msgspec.Struct:
        if state not in self.given:
            body = await self.store.state(*self._owner(state), state.__name__)
            value = state() if body is None else msgspec.msgpack.decode(body, type=state)
            self.given[state] = _Given(value, body, msgspec.msgpack.encode(value))
        return self.given[state].value

    def mark(self) -> dict[State, bytes]:
        """Return what the states hold now, for `rewind`."""
        return {state: msgspec.msgpack.encode(given.value) for state, given in self.given.items()}

    def rewind(self, before: dict[State, bytes]) -> None:
        """Undo changes since `mark`, also in the structs that somebody still holds."""
        for state, given in list(self.given.items()):
            if state not in before:
                del self.given[state]
                continue
            was = msgspec.msgpack.decode(before[state], type=state)
            for name in state.__struct_fields__:
                setattr(given.value, name, getattr(was, name))

    def changed(self) -> tuple[StateRow, ...]:
        """Return what is to be stored.

        If something changed that belongs to the whole bot, all of that kind is there: a change
        may rest on what was only read, and is stored only if that is still so.
        """
        rows = {
            state: StateRow(
                *self._owner(state),
                state.__name__,
                msgspec.msgpack.encode(given.value),
                given.stored,
            )
            for state, given in self.given.items()
        }
        changed = {state for state, row in rows.items() if row.body != self.given[state].before}
        if any(self._is_shared(state) for state in changed):
            changed |= {state for state in rows if self._is_shared(state)}
        for state in changed:
            _check(state, rows[state].body, MAX_SHARED if self._is_shared(state) else MAX_STATE)
        return tuple(row for state, row in rows.items() if state in changed)

    def _is_shared(self, state: State) -> bool:
        return self.scopes[state] == "bot"

    def _owner(self, state: State) -> tuple[str, str]:
        match self.scopes[state]:
            case "sender":
                return self.event.chat, self.event.sender.id
            case "chat":
                return self.event.chat, ""
            case "bot":
                return "", ""


def _check(state: State, body: bytes, most: int) -> None:
    # What cannot be read again would break every later event of the chat.
    if len(body) > most:
        raise LocalProtocolError(f"state {state.__name__}: it is larger than {most // 1024} KiB")
    try:
        msgspec.msgpack.decode(body, type=state)
    except msgspec.ValidationError:
        # Its text may quote the value.
        raise TypeError(f"state {state.__name__}: a field has another type") from None

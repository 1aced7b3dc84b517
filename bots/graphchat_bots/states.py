"""What a bot remembers of a sender, of a chat or at all, while a handler has it in its hands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from graphchat.errors import LocalProtocolError
from graphchat_bots.handler import Scope, State
from graphchat_bots.message import Event
from graphchat_bots.store import BotStore, StateRow

Bodies = Mapping[str, bytes]
"""Stored states by their names."""

# Bytes of one state as it is stored.
MAX_STATE: Final = 2**16
# What is one for the whole bot may hold a list of its chats.
MAX_SHARED: Final = 2**20


@dataclass(slots=True)
class _Given:
    value: msgspec.Struct
    stored: bytes | None
    """What the store has."""
    before: bytes
    """The same, as it is written now."""
    first: bytes
    """What it was when a handler was given it."""


class States:
    """The states that the handlers of one event were given.

    A handler that waits for answers keeps its structs: `refresh` brings into them what others
    have changed meanwhile. One that runs again gets what it was given at first.
    """

    def __init__(
        self,
        store: BotStore,
        event: Event,
        scopes: Mapping[State, Scope],
        at_first: Bodies | None = None,
    ) -> None:
        self._store = store
        self._event = event
        self._scopes = scopes
        self._at_first = at_first
        self._given: dict[State, _Given] = {}

    async def load(self, state: State) -> msgspec.Struct:
        """Return the struct of ``state``, always the same one."""
        if state not in self._given:
            body = await self._body(state) if self._at_first is None else self._old(state)
            value = _decoded(body, state)
            now = msgspec.msgpack.encode(value)
            self._given[state] = _Given(value, body, now, now)
        given = self._given[state]
        given.first = msgspec.msgpack.encode(given.value)
        return given.value

    def at_first(self) -> dict[str, bytes]:
        """Return what the handler was given, by the names of the states."""
        return {state.__name__: given.first for state, given in self._given.items()}

    async def refresh(self, event: "States | None" = None) -> dict[str, bytes]:
        """Bring what is stored, or changed in ``event`` so far, into the structs.

        Returns what was another than before, by the names of the states.
        """
        changed = {}
        for state, given in self._given.items():
            await self._look(state, given)
            now = (event.now(state) if event else None) or given.before
            if now != msgspec.msgpack.encode(given.value):
                changed[state.__name__] = now
        self.overwrite(changed)
        return changed

    def overwrite(self, bodies: Bodies) -> None:
        """Bring these into the structs, by the names of the states."""
        for state, given in self._given.items():
            if (body := bodies.get(state.__name__)) is not None:
                _copy(_decoded(body, state), given.value)

    def take(self, other: "States") -> None:
        """Bring what a handler has in its hands into the structs of its event."""
        for state, given in other.given().items():
            mine = self._given.setdefault(state, given)
            if mine.value is not given.value:
                _copy(given.value, mine.value)

    def given(self) -> Mapping[State, _Given]:
        """Return all states that somebody was given."""
        return self._given

    def now(self, state: State) -> bytes | None:
        """Return what a struct holds now; nothing if nobody was given it."""
        given = self._given.get(state)
        return None if given is None else msgspec.msgpack.encode(given.value)

    def mark(self) -> dict[str, bytes]:
        """Return what the structs hold, for `rewind`."""
        return {s.__name__: msgspec.msgpack.encode(g.value) for s, g in self._given.items()}

    def rewind(self, before: Bodies) -> None:
        """Undo what was changed since `mark`, also in the structs that somebody still holds."""
        self.overwrite({state.__name__: given.before for state, given in self._given.items()})
        self.overwrite(before)

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
            for state, given in self._given.items()
        }
        changed = {state for state, row in rows.items() if row.body != self._given[state].before}
        if any(self._is_shared(state) for state in changed):
            changed |= {state for state in rows if self._is_shared(state)}
        for state in changed:
            _check(state, rows[state].body, MAX_SHARED if self._is_shared(state) else MAX_STATE)
        return tuple(row for state, row in rows.items() if state in changed)

    def _is_shared(self, state: State) -> bool:
        return self._scopes[state] == "bot"

    def _owner(self, state: State) -> tuple[str, str]:
        match self._scopes[state]:
            case "sender":
                return self._event.chat, self._event.sender.id
            case "chat":
                return self._event.chat, ""
            case "bot":
                return "", ""

    def _old(self, state: State) -> bytes | None:
        assert self._at_first is not None  # it runs again
        return self._at_first.get(state.__name__)

    async def _body(self, state: State) -> bytes | None:
        return await self._store.state(*self._owner(state), state.__name__)

    async def _look(self, state: State, given: _Given) -> None:
        given.stored = await self._body(state)
        given.before = msgspec.msgpack.encode(_decoded(given.stored, state))


def _decoded(body: bytes | None, state: State) -> msgspec.Struct:
    return state() if body is None else msgspec.msgpack.decode(body, type=state)


def _copy(source: msgspec.Struct, target: msgspec.Struct) -> None:
    for field in source.__struct_fields__:
        setattr(target, field, getattr(source, field))


def _check(state: State, body: bytes, most: int) -> None:
    # What cannot be read again would break every later event of the chat.
    if len(body) > most:
        raise LocalProtocolError(f"state {state.__name__}: it is larger than {most // 1024} KiB")
    try:
        msgspec.msgpack.decode(body, type=state)
    except msgspec.ValidationError:
        # Its text may quote the value.
        raise TypeError(f"state {state.__name__}: a field has another type") from None

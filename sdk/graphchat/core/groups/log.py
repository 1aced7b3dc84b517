"""The log of a group: a graph of entries, and the one state that follows from any set of them.

Rules. An entry is taken if its author had the right where it was made. What takes away (leave,
remove, a lower role) always counts then. What gives does not count if, at the same time, somebody
took from its author, took from whom it gives to, or gave them a lower role. So the order of
arrival changes nothing, removal beats everything, and the lower role wins. docs/protocol.md,
section 20.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from graphchat.core.groups import actions as do
from graphchat.core.groups.entry import Signed, ticket_of
from graphchat.core.groups.state import GroupState
from graphchat.errors import RemoteProtocolError

MAX_ENTRIES: Final = 16_384
MAX_HELD: Final = 512
"""Entries that wait for those before them."""
_REMEMBERED: Final = 8


@dataclass(frozen=True, slots=True)
class Node:
    """An entry in its place."""

    signed: Signed
    number: int
    """In the order of arrival: its bit."""
    before: int
    """Bits of all that its author had seen."""
    takes_from: bytes
    """The key of whom it takes something from; empty if from nobody."""
    gives_to: bytes
    """The key of whom it lets in or raises."""
    gives: bool
    lowers: bool

    def saw(self, other: "Node") -> bool:
        return bool(self.before >> other.number & 1)

    def beside(self, other: "Node") -> bool:
        """Tell whether neither author had seen the entry of the other."""
        return self is not other and not self.saw(other) and not other.saw(self)


@dataclass(slots=True)
class Log:
    """All entries of one group that are known here."""

    group: bytes
    nodes: dict[bytes, Node] = field(default_factory=dict[bytes, Node])
    heads: dict[bytes, int] = field(default_factory=dict[bytes, int])
    """Entries that nothing follows yet, with their depths."""
    ever: set[bytes] = field(default_factory=set[bytes])
    """The keys of all who ever were let in."""
    held: dict[bytes, Signed] = field(default_factory=dict[bytes, Signed])
    _order: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    _state: GroupState | None = None
    _folds: dict[int, GroupState] = field(default_factory=dict[int, GroupState])

    @property
    def state(self) -> GroupState:
        """Return what follows from all entries. Only once the first one is here."""
        assert self._state is not None
        return self._state

    @property
    def begun(self) -> bool:
        return self._state is not None

    @property
    def missing(self) -> list[bytes]:
        """Return the hashes of entries that others name, and that are not here."""
        named = {each for signed in self.held.values() for each in signed.entry.prev}
        return sorted(named - self.nodes.keys() - self.held.keys())

    def add(self, signed: Signed) -> list[Signed]:
        """Take an entry whose signature was checked; return what is new, in order.

        Raises `RemoteProtocolError` if it does not belong here, or its author had no right to it.
        """
        if signed.hash in self.nodes or signed.hash in self.held:
            return []
        if signed.entry.group != self.group:
            raise RemoteProtocolError("an entry belongs to another group")
        if not all(each in self.nodes for each in signed.entry.prev):
            self._hold(signed)
            return []
        self._place(signed)
        return [signed, *self._release()]

    def _hold(self, signed: Signed) -> None:
        self.held[signed.hash] = signed
        while len(self.held) > MAX_HELD:
            del self.held[next(iter(self.held))]

    def _release(self) -> Iterator[Signed]:
        """Take what waited; what turns out to be wrong is forgotten."""
        while ready := [
            each
            for each in self.held.values()
            if all(name in self.nodes for name in each.entry.prev)
        ]:
            for each in ready:
                del self.held[each.hash]
                try:
                    self._place(each)
                except RemoteProtocolError:
                    continue
                yield each

    def _place(self, signed: Signed) -> None:
        entry, action = signed.entry, signed.action
        if len(self.nodes) >= MAX_ENTRIES:
            raise RemoteProtocolError("the log of a group is full")
        if isinstance(action, do.Create):
            self._begin(signed, action)
            return
        parents = [self.nodes[name] for name in entry.prev]
        depth = 1 + max(parent.signed.entry.depth for parent in parents)
        if entry.depth != depth:
            raise RemoteProtocolError("an entry has a wrong depth")
        before = 0
        for parent in parents:
            before |= parent.before | 1 << parent.number
        newest = before == (1 << len(self.nodes)) - 1
        state = self.state if newest else self._fold(before)
        if not state.allows(entry.author, action):
            raise RemoteProtocolError("the author of an entry had no right to it")
        node = _node(signed, len(self.nodes), before, lowers=state.lowers(action))
        self._insert(node)
        if newest:
            self.state.apply(entry.author, action, entry.ts_ms, lowers=node.lowers)
        else:
            self._state = self._fold((1 << len(self.nodes)) - 1).copy()

    def _begin(self, signed: Signed, action: do.Create) -> None:
        if self.begun:
            raise RemoteProtocolError("a group begins twice")
        self._insert(Node(signed, 0, 0, b"", b"", gives=True, lowers=False))
        entry = signed.entry
        self._state = GroupState.begin(entry.author, action, entry.ts_ms)

    def _insert(self, node: Node) -> None:
        signed = node.signed
        self.nodes[signed.hash] = node
        match signed.action:
            case do.Create():
                self.ever.add(signed.entry.author)
            case do.Join():
                self.ever.add(node.gives_to)
            case _:
                pass
        insort(self._order, (signed.entry.depth, signed.hash))
        for name in signed.entry.prev:
            self.heads.pop(name, None)
        self.heads[signed.hash] = signed.entry.depth

    def _fold(self, bits: int) -> GroupState:
        """Return what follows from the entries with these bits; not to be changed."""
        if (known := self._folds.get(bits)) is not None:
            return known
        chosen = [node for _, name in self._order if bits >> (node := self.nodes[name]).number & 1]
        first = chosen[0].signed
        assert isinstance(first.action, do.Create)
        state = GroupState.begin(first.entry.author, first.action, first.entry.ts_ms)
        against = _Against(chosen)
        for node in chosen[1:]:
            entry, action = node.signed.entry, node.signed.action
            if node.gives and (against.void(node) or not state.allows(entry.author, action)):
                continue
            state.apply(entry.author, action, entry.ts_ms, lowers=node.lowers)
        while len(self._folds) >= _REMEMBERED:
            del self._folds[next(iter(self._folds))]
        self._folds[bits] = state
        return state


class _Against:
    """What speaks against entries that give, among a set of entries."""

    def __init__(self, nodes: list[Node]) -> None:
        self._taking: dict[bytes, list[Node]] = {}
        self._roles: dict[bytes, list[Node]] = {}
        for node in nodes:
            if node.takes_from:
                self._taking.setdefault(node.takes_from, []).append(node)
            if isinstance(action := node.signed.action, do.SetRole):
                self._roles.setdefault(action.target, []).append(node)

    def void(self, node: Node) -> bool:
        author = node.signed.entry.author
        taken = [*self._taking.get(author, ()), *self._taking.get(node.gives_to, ())]
        if any(node.beside(other) for other in taken):
            return True
        action = node.signed.action
        if not isinstance(action, do.SetRole):
            return False
        others = self._roles.get(action.target, ())
        return any(_role(other) < action.role and node.beside(other) for other in others)


def _role(node: Node) -> int:
    assert isinstance(node.signed.action, do.SetRole)
    return node.signed.action.role


def _node(signed: Signed, number: int, before: int, *, lowers: bool) -> Node:
    takes_from = gives_to = b""
    gives = False
    match signed.action:
        case do.Leave():
            takes_from = signed.entry.author
        case do.Remove(target=target):
            takes_from = target
        case do.SetRole(target=target):
            gives = not lowers
            takes_from, gives_to = (b"", target) if gives else (target, b"")
        case do.Join() as join:
            gives, gives_to = True, ticket_of(join).key
        case do.Invite() | do.SetSettings() | do.Host():
            gives = True
        case _:
            pass
    return Node(signed, number, before, takes_from, gives_to, gives=gives, lowers=lowers)

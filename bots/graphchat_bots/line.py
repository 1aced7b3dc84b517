"""What waits to be sent in one chat: in order, but what is in no hurry lets the rest pass."""

from collections import deque
from collections.abc import Iterator
from typing import Final, final

from graphchat.content import Delete, Edit
from graphchat_bots.parcel import pack, unpack
from graphchat_bots.turn import Outgoing

# How bodies of these begin: all others are not looked into.
_EDIT: Final = pack(Edit(bytes(16), ""))[:11]
_DELETE: Final = pack(Delete(bytes(16)))[:13]


@final
class Line:
    """Messages of one chat. Of several edits of one message the newest alone is sent."""

    def __init__(self) -> None:
        self._first: deque[Outgoing] = deque()
        self._bulk: deque[Outgoing] = deque()
        self._edits: dict[bytes, Outgoing] = {}

    def add(self, outgoing: Outgoing) -> Outgoing | None:
        """Put a message in; return an edit that it makes needless, which is taken out."""
        target = _target(outgoing)
        if outgoing.bulk or (target and any(each.message_id == target for each in self._bulk)):
            self._bulk.append(outgoing)  # never before the message that it is about
        else:
            self._first.append(outgoing)
        if not target:
            return None
        older = self._edits.pop(target, None)
        if older is not None:
            (self._first if older in self._first else self._bulk).remove(older)
        if outgoing.body.startswith(_EDIT):
            self._edits[target] = outgoing
        return older

    @property
    def is_bulk(self) -> bool:
        """Whether nothing in it is in a hurry."""
        return not self._first

    def take(self) -> Outgoing:
        """Return what is sent next, which is there."""
        outgoing = (self._first or self._bulk).popleft()
        if self._edits and (target := _target(outgoing)):
            self._edits.pop(target, None)
        return outgoing

    def __iter__(self) -> Iterator[Outgoing]:
        return iter((*self._first, *self._bulk))

    def __bool__(self) -> bool:
        return bool(self._first or self._bulk)


def _target(outgoing: Outgoing) -> bytes:
    """Return the message that is edited or deleted; of all else nothing."""
    if outgoing.kind != "message" or not outgoing.body.startswith((_EDIT, _DELETE)):
        return b""
    message = unpack(outgoing.body)
    return message.target if isinstance(message, Edit | Delete) else b""

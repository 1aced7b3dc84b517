"""How machines become bytes for the store and back: MessagePack, secrets included.

These bytes only ever go into the encrypted database (docs/protocol.md, section 11).
"""

from typing import Any, TypeVar

import msgspec

from graphchat.errors import GraphchatError, StoreError
from graphchat.secret import Secret

T = TypeVar("T")


def _reveal(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} is not stored")


def _conceal(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, bytes):
        return Secret(value)
    raise TypeError(f"{kind.__name__} is not stored")


_encoder = msgspec.msgpack.Encoder(enc_hook=_reveal)


def dump(state: msgspec.Struct) -> bytes:
    """Return ``state`` as bytes for the store."""
    return _encoder.encode(state)


def load(data: bytes, kind: type[T]) -> T:
    """Return the state that `dump` made; raise `StoreError` if it is damaged."""
    try:
        return msgspec.msgpack.decode(data, type=kind, dec_hook=_conceal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, GraphchatError):
        raise StoreError(
            "The database holds a damaged record. Restore a backup of this home."
        ) from None


def load_any(data: bytes, kind: object) -> Any:
    """Return what `dump` made of one of several kinds: ``kind`` is their union."""
    return load(data, kind)  # type: ignore[arg-type]

"""Which types survive in the store, as MessagePack."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.inspect import AnyType, CustomType, Type, type_info


def is_storable(annotation: object) -> bool:
    """Say whether values of this type come out of the store as they went in."""
    try:
        return all(
            not isinstance(part, CustomType | AnyType) for part in _parts(type_info(annotation))
        )
    except TypeError:
        return False


def _parts(root: Type) -> Iterator[Type]:
    # The values of `msgspec.inspect` are structs that hold types, fields, and tuples of them.
    seen: set[int] = set()
    waiting: list[Any] = [root]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, Struct) and id(part) not in seen:
            seen.add(id(part))  # types may hold themselves
            waiting.extend(getattr(part, field) for field in part.__struct_fields__)
            if isinstance(part, Type):
                yield part

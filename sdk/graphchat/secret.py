"""Values that must not be seen."""

from hmac import compare_digest
from typing import Final, NoReturn, final


@final
class Secret:
    """Key material that keeps itself out of logs, tracebacks and JSON.

    The bytes come out only through `reveal`, so a search for that word finds
    every place that handles them. Comparison takes constant time.
    """

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data: Final = data

    def reveal(self) -> bytes:
        return self._data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and compare_digest(self._data, other._data)

    def __hash__(self) -> int:
        return hash((Secret, self._data))

    def __repr__(self) -> str:
        return f"<Secret, {len(self._data)} bytes>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled; store it through the vault")

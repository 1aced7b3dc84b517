from datetime import date, timedelta
from enum import Enum
from typing import Any

import msgspec
import pytest

from graphchat_bots import Ctx
from graphchat_bots.storable import is_storable


class Colour(Enum):
    RED = 1


class Tree(msgspec.Struct):
    name: str
    branches: list["Tree"] = []


class Handle:
    pass


class Holder(msgspec.Struct):
    handle: Handle


@pytest.mark.parametrize(
    "annotation",
    [int, str, bytes, float | None, timedelta, date, Colour, list[int], dict[str, Tree], Tree],
)
def test_plain_values_and_structs_of_them_can_be_stored(annotation: object) -> None:
    assert is_storable(annotation)


@pytest.mark.parametrize("annotation", [Ctx, Handle, Holder, list[Handle], Any, int | Handle, {}])
def test_live_objects_cannot_be_stored(annotation: object) -> None:
    assert not is_storable(annotation)

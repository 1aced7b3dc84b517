import inspect
import re

import pytest

from graphchat import errors
from graphchat.errors import GraphchatError, RateError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


def test_every_error_is_one_of_ours() -> None:
    assert len(ALL) > 10
    assert all(issubclass(kind, GraphchatError) for kind in ALL)


def test_the_docstring_shows_the_whole_tree() -> None:
    shown = re.findall(r"^( *)\* `(\w+)`", errors.__doc__ or "", re.MULTILINE)
    depths = {name: len(indent) // 4 for indent, name in shown}
    assert depths == {kind.__name__: len(kind.__mro__) - 4 for kind in ALL}


@pytest.mark.parametrize("kind", ALL)
def test_an_error_says_a_whole_sentence_by_itself(kind: type[GraphchatError]) -> None:
    text = str(kind())
    assert re.fullmatch(r"[A-Z].{15,200}\.", text)
    assert text in inspect.cleandoc(kind.__doc__ or "")


@pytest.mark.parametrize("kind", ALL)
def test_a_message_of_the_place_that_raises_comes_first(kind: type[GraphchatError]) -> None:
    assert str(kind("The disk is full.")) == "The disk is full."


def test_a_limit_of_rate_says_how_long_to_wait() -> None:
    assert RateError(retry_after=5).retry_after == 5
    assert RateError().retry_after > 0

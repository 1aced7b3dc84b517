import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from graphchat_bots.faults import Fault


def here() -> None:
    pass


def wrapped(function: Callable[[], None]) -> Callable[[], None]:
    @functools.wraps(function)
    def wrapper() -> None:
        function()

    return wrapper


class Struct:
    pass


def line_of(text: str) -> int:
    return Path(__file__).read_text().splitlines().index(text) + 1


def test_a_fault_names_its_place_as_compilers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    line = line_of("def here() -> None:")
    assert Fault("no", here).line() == f"{Path(__file__).name}:{line}: no"
    assert Fault("no", wrapped(here)).line() == Fault("no", here).line()
    assert Fault("no", Struct).line() == f"{Path(__file__).name}:{line_of('class Struct:')}: no"


def test_a_place_elsewhere_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Fault("no", here).line().startswith(f"{Path(__file__)}:")


def test_a_fault_of_nowhere_is_its_sentence() -> None:
    for about in (len, 3, functools.partial(here), None):
        assert Fault("no", about).line() == "no"

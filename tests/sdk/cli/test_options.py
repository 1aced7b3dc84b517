from pathlib import Path

import pytest
import typer

from graphchat.cli.options import LONGEST, png, seconds, size


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("2.5", 2.5), ("1e3", 1000.0)])
def test_a_duration_is_a_number_of_seconds(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "-inf", str(LONGEST + 1), "1e999"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no number of seconds"):
        seconds(text)


def test_a_picture_may_be_new_or_replace_another(tmp_path: Path) -> None:
    (tmp_path / "old.PNG").touch()
    for path in (None, tmp_path / "new.png", tmp_path / "old.PNG"):
        assert png(path) == path
    assert not (tmp_path / "new.png").exists()


@pytest.mark.parametrize("name", ["code.jpg", "code", "nowhere/code.png"])
def test_a_picture_needs_a_folder_and_the_right_ending(name: str, tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match=r"folder|\.png"):
        png(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("12", 12), ("500k", 512_000), ("1M", 2**20), ("2 GiB", None)]
)
def test_a_size_has_a_unit_or_none(text: str, count: int | None) -> None:
    if count is None:
        with pytest.raises(typer.BadParameter, match="is no size"):
            size(text)
    else:
        assert size(text) == count

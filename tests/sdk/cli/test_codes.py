import sys
from pathlib import Path

import pexpect
import pytest
from tests.together.processes import environment

from graphchat.cli import codes
from graphchat.codes import qr

LINK = "GRAPHCHAT:INVITE/" + "A2" * 210

Capture = pytest.CaptureFixture[str]


def test_a_script_gets_the_link_and_nothing_else(capsys: Capture) -> None:
    codes.show(LINK, None, as_json=False)
    assert capsys.readouterr() == (f"{LINK}\n", "")
    codes.show(LINK, None, as_json=True)
    assert capsys.readouterr() == (f'{{"link":"{LINK}"}}\n', "")


def test_the_picture_reads_as_the_link(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "code.png"
    codes.show(LINK, path, as_json=False)
    assert qr.read(path) == LINK
    assert capsys.readouterr() == (f"{LINK}\n", f"The QR code is in {path}.\n")


def test_the_link_is_out_when_the_picture_cannot_be_written(
    tmp_path: Path, capsys: Capture
) -> None:
    with pytest.raises(FileNotFoundError):
        codes.show(LINK, tmp_path / "nowhere" / "code.png", as_json=False)
    assert capsys.readouterr().out == f"{LINK}\n"


def on_a_terminal(columns: int = 100, **variables: str) -> list[str]:
    """Return the lines that a terminal gets."""
    code = f"from graphchat.cli import codes; codes.show({LINK!r}, None, as_json=False)"
    clean = {name: text for name, text in environment().items() if name != "NO_COLOR"}
    with pexpect.spawn(
        sys.executable,
        ["-c", code],
        env=clean | {"TERM": "xterm"} | variables,
        dimensions=(60, columns),
        encoding="utf-8",
    ) as screen:
        screen.expect(pexpect.EOF)
    return (screen.before or "").splitlines()


def test_a_terminal_shows_the_code_in_black_on_white() -> None:
    link, *rows = on_a_terminal()
    assert link == LINK
    assert len(rows) > 30
    assert all(row.startswith("\x1b[38;5;16;48;5;231m") for row in rows)


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colours_there_is_no_escape_sequence(variable: dict[str, str]) -> None:
    link, *rows = on_a_terminal(100, **variable)
    assert link == LINK
    assert len(rows) > 30
    assert "\x1b" not in "".join(rows)


def test_a_narrow_terminal_is_told_what_to_do() -> None:
    link, advice = on_a_terminal(columns=40)
    assert link == LINK
    assert "Make the window wider" in advice

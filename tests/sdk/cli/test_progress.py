import sys

import pytest

from graphchat.cli.progress import bar


def test_a_pipe_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("Writing") as progress:
        progress(1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with bar("Writing") as progress:
        progress(1, 2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Writing" in err

import errno

import pytest
import typer

from graphchat.cli import errors
from graphchat.cli.app import run
from graphchat.errors import CodeError, PassphraseError, RelayUnreachableError

SEE = "See: graphchat"
Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (CodeError("One.\n  Two."), "One. Two."),
        (PassphraseError(), str(PassphraseError())),
        (
            PermissionError(errno.EACCES, "Permission denied", "here/x"),
            "here/x: Permission denied.",
        ),
        (OSError(errno.ENOSPC, "No space left"), "The system refused: No space left."),
        (
            ModuleNotFoundError(name="x"),
            "The library x is not installed. Install the part that needs it.",
        ),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), ""),
        (typer.Abort(), "Stopped; nothing was changed."),
        (ExceptionGroup("tasks", [CodeError("One."), CodeError("One.")]), "One."),
    ],
)
def test_an_error_is_one_line_without_a_traceback(
    error: Exception, line: str, capsys: Capture
) -> None:
    assert errors.report(error) == 1
    assert capsys.readouterr() == ("", line and line + "\n")


def test_every_error_of_a_group_is_told(capsys: Capture) -> None:
    group = ExceptionGroup("tasks", [CodeError("One."), RelayUnreachableError("Two.")])
    assert errors.report(group) == 1
    assert capsys.readouterr().err == "One.\nTwo.\n"


def test_options_that_contradict_each_other_have_status_two(capsys: Capture) -> None:
    assert errors.report(errors.WrongUsageError("Choose one.")) == 2
    assert capsys.readouterr() == ("", "Choose one.\n")


def test_a_bug_says_how_to_see_more_and_quotes_nothing(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert errors.report(RuntimeError("the text of a message")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "This is a bug in graphchat (RuntimeError)."
        " Set GRAPHCHAT_DEBUG=1 to see where, and report it."
    )
    monkeypatch.setenv("GRAPHCHAT_DEBUG", "1")
    errors.report(RuntimeError("the text of a message"))
    assert "RuntimeError: the text of a message" in capsys.readouterr().err


def test_an_interruption_has_a_status_of_its_own(capsys: Capture) -> None:
    assert errors.report(KeyboardInterrupt()) == errors.interrupted() == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["sned"], "No such command 'sned'. Did you mean 'send'? See: graphchat --help"),
        (["send"], "Missing argument 'CONTACT'. See: graphchat send --help"),
        (
            ["contacts", "--home", "x"],
            "--home stands before the command: graphchat --home ...",
        ),
        (
            ["receive", "--timeout", "soon"],
            f"Invalid value for '--timeout': 'soon' is no number of seconds. {SEE} receive --help",
        ),
    ],
)
def test_wrong_usage_has_status_two_and_one_line(
    words: list[str], line: str, capsys: Capture
) -> None:
    assert run(words) == 2
    assert capsys.readouterr() == ("", line + "\n")

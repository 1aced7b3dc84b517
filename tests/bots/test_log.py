import subprocess
import sys

import pytest

from graphchat.errors import RelayUnreachableError
from graphchat_bots.log import HIDDEN, describe, redact


def fail(secret: str) -> None:
    try:
        int(secret)
    except ValueError as error:
        raise RelayUnreachableError from error


def failure() -> Exception:
    try:
        fail("my secret")
    except RelayUnreachableError as error:
        return error
    raise AssertionError


def test_a_traceback_says_where_but_not_what() -> None:
    text = describe(failure())
    assert "builtins.ValueError\n" in text
    assert "in fail" in text
    assert "The relay does not answer." in text  # the library's own sentences hold no content
    assert "my secret" not in text


def cut_off() -> None:
    try:
        int("my secret")
    except ValueError:
        raise KeyError("x") from None


def test_a_cause_that_was_cut_off_stays_out() -> None:
    with pytest.raises(KeyError) as caught:
        cut_off()
    assert "ValueError" not in describe(caught.value)


def test_endless_chains_of_causes_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert describe(first).count("\n") < 20


def test_the_errors_of_a_group_are_named() -> None:
    text = describe(ExceptionGroup("my secret", [ValueError("my secret"), KeyError("my secret")]))
    assert "ValueError" in text
    assert "KeyError" in text
    assert "my secret" not in text


def test_what_handlers_log_about_people_is_hidden() -> None:
    event = redact(None, "info", {"event": "ordered", "n": 3, "Text": "hi", "error": failure()})
    assert event["Text"] == HIDDEN
    assert event["n"] == 3
    assert "my secret" not in str(event)


def test_tracebacks_of_handlers_are_redacted_too() -> None:
    try:
        int("my secret")
    except ValueError:
        event = redact(None, "error", {"event": "failed", "exc_info": True})
    else:
        pytest.fail("int took it")
    assert "ValueError" in event["traceback"]
    assert "my secret" not in str(event)
    assert redact(None, "error", {"exc_info": "what?"})["traceback"] == HIDDEN


def test_logs_go_to_standard_error_unless_the_program_says_otherwise() -> None:
    script = (
        "import structlog\n"
        "from graphchat_bots.log import configure, note\n"
        "configure()\n"
        "note('info', 'started', text='my secret')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert "started" in done.stderr
    assert "my secret" not in done.stderr


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    script = (
        "import sys\n"
        "from graphchat_bots.log import configure, note\n"
        "configure()\n"
        "sys.stderr.close()\n"
        "note('error', 'lost')\n"
        "print('goes on')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "goes on\n"

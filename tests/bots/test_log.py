import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from graphchat.errors import RelayUnreachableError
from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.log import HIDDEN, describe, redact, refer


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


def logged(script: str, **environ: str) -> str:
    """Return what a program writes to standard error, which is no terminal."""
    head = "import structlog\nfrom graphchat_bots.log import configure, note\nconfigure()\n"
    done = subprocess.run(
        [sys.executable, "-c", head + script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
    )
    return done.stderr


def test_logs_are_json_where_no_terminal_is() -> None:
    line = json.loads(logged("note('info', 'started', n=3, what=object(), text='my secret')"))
    assert (line["event"], line["level"], line["n"]) == ("started", "info", 3)
    assert line["what"] == line["text"] == HIDDEN


def test_the_form_and_the_least_level_can_be_chosen() -> None:
    text = logged("note('info', 'started')", GRAPHCHAT_BOT_LOG="text")
    assert "[info" in text
    assert "{" not in text
    assert logged("note('info', 'started')", GRAPHCHAT_BOT_LOG_LEVEL="error") == ""
    debug = "structlog.get_logger().debug('looked')"
    assert logged(debug) == ""
    assert "looked" in logged(debug, GRAPHCHAT_BOT_LOG_LEVEL="debug")


def test_a_form_that_does_not_exist_is_named() -> None:
    wrong = logged("", GRAPHCHAT_BOT_LOG="xml")
    assert "GRAPHCHAT_BOT_LOG is 'xml'; it can be json, text." in wrong


async def test_a_conversation_with_errors_leaves_nothing_of_it_in_the_log(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.message()
    async def answer(ctx: Ctx, msg: Message) -> str:
        log = structlog.get_logger()
        log.info("asked", text=msg.text, sender=msg.sender.name, length=len(msg.text))
        if msg.text.startswith("fail"):
            raise ValueError(msg.text)
        return f"{ctx.sender.name} said {msg.text}"

    async with bot.testing(tmp_path, "relay") as world:
        with capture_logs(processors=[refer, redact]) as logs:
            ann = world.person("Ann Hiddenname")
            await ann.says("hidden words")
            with world.expecting(ValueError):
                await ann.says("fail at hidden things")
        (letter,) = await world.dead_letters()
        private = ["hidden", str(ann._chat), letter.id]
    text = str(logs).replace(HIDDEN, "")
    assert [each for each in private if each.casefold() in text.casefold()] == []
    # What the handler has logged can be found by what the chat was told.
    asked = [log["reference"] for log in logs if log["event"] == "asked"]
    assert asked[1:] == [letter.reference] * 3
    assert asked[0] != letter.reference

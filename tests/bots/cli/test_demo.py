import re
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from tests.bots.cli.conftest import PROGRAM, Run, environment
from tests.bots.cli.screen import terminal
from tests.bots.talking import Talker

from graphchat_bots.local_relay import local_relay


def test_what_is_said_is_answered_and_nothing_else_is_on_stdout(run: Run) -> None:
    done = run("demo", "--say", "hello there")
    assert (done.returncode, done.stdout) == (0, "hello there\n")
    assert "Traceback" not in done.stderr
    assert re.search("GRAPHCHAT:ADDRESS/[A-Z2-7]+", done.stderr)


def test_lines_of_a_pipe_are_said(run: Run) -> None:
    done = run("demo", stdin="hello\n/remind 0s tea\n")
    assert done.returncode == 0
    assert sorted(done.stdout.splitlines()) == [
        "demo: OK, in 0 seconds.",
        "demo: Reminder: tea",
        "demo: hello",
    ]
    assert "▀" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--say", ""), "There is nothing to say in it."),
        (("--say", " \t"), "There is nothing to say in it."),
        (("--say", "hello", "--no-chat"), "--no-chat says nothing. Choose one."),
    ],
)
def test_what_cannot_be_said_is_wrong_usage(
    here: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    done = here("demo", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_code_is_drawn_where_it_fits(tmp_path: Path) -> None:
    with terminal(tmp_path, "demo", columns=120) as wide:
        assert "▀" in "".join(wide.until(lambda lines: lines[-1:] == ["you:"]))
    with terminal(tmp_path, "demo", columns=50) as narrow:
        lines = narrow.until(lambda lines: lines[-1:] == ["you:"])
        assert "▀" not in "".join(lines)
        assert re.search("needs a terminal of [0-9]+ columns; this one has 50", "".join(lines))


@pytest.mark.slow
async def test_it_can_serve_only(tmp_path: Path) -> None:
    async with local_relay(None) as relay:
        with subprocess.Popen(  # noqa: ASYNC220 - it starts quickly
            [*PROGRAM, "demo", "--no-chat"],
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            talker = await Talker.begin(process, tmp_path, relay)
            assert await talker.asks("hello") == "hello"
            await talker.end()
            process.send_signal(signal.SIGINT)
            _, errors = await talker.communicate()
        assert process.returncode == 0
        assert "Traceback" not in errors


@pytest.mark.parametrize("leave", ["\x04", pytest.param("\x03", marks=pytest.mark.slow)])
def test_people_chat_and_leave_cleanly(tmp_path: Path, leave: str) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-c", "from graphchat.cli import main; main()", "demo"],
        env={**environment(tmp_path / "home"), "TERM": "xterm-256color"},
        cwd=str(tmp_path),
        encoding="utf-8",
        timeout=40,
        dimensions=(50, 120),
    )
    child.expect("Ctrl-D ends")
    child.expect("you: ")
    child.sendline("hello there")
    child.expect(r"demo: \S*hello there")
    child.sendline("/remind 1s tea")
    child.expect_exact("OK, in 1 second.")
    child.expect("Reminder: tea")
    child.sendline("/picture")
    child.expect("Drawn for you")
    child.send(leave)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "Traceback" not in str(child.before)

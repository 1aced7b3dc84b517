import termios
from pathlib import Path

import pytest
from tests.bots.cli.screen import terminal


def test_what_is_being_typed_stays_in_sight_when_a_message_arrives(tmp_path: Path) -> None:
    with terminal(tmp_path, "demo") as screen:
        screen.until(lambda lines: lines[-1:] == ["you:"])
        screen.child.sendline("/remind 4s tea")
        screen.until(lambda lines: lines[-2:] == ["demo: OK, in 4 seconds.", "you:"])
        screen.child.send("half a lö")
        lines = screen.until(
            lambda lines: "demo: Reminder: tea" in lines and lines[-1] == "you: half a lö"
        )
        assert [line for line in lines if line.startswith("you: half")] == ["you: half a lö"]
        screen.child.sendline("\x7fine")
        screen.until(lambda lines: lines[-3:] == ["you: half a line", "demo: half a line", "you:"])
        screen.child.send("\x04")
        assert screen.leaves() == 0


@pytest.mark.slow
def test_a_line_longer_than_the_terminal_is_drawn_once(tmp_path: Path) -> None:
    typed = "0123456789" * 7
    with terminal(tmp_path, "demo", columns=50) as screen:
        screen.until(lambda lines: lines[-1:] == ["you:"])
        screen.child.sendline("/remind 4s tea")
        screen.until(lambda lines: lines[-2:] == ["demo: OK, in 4 seconds.", "you:"])
        screen.child.send(typed)
        shown = f"you: {typed}"
        lines = screen.until(
            lambda lines: "demo: Reminder: tea" in lines and "".join(lines).endswith(shown)
        )
        assert "".join(lines).count("you: 0") == 1


@pytest.mark.slow
def test_the_terminal_is_left_as_it_was(tmp_path: Path) -> None:
    for leave in ("\x04", "\x03"):
        with terminal(tmp_path, "demo") as screen:
            before = termios.tcgetattr(screen.child.child_fd)
            screen.until(lambda lines: lines[-1:] == ["you:"])
            assert termios.tcgetattr(screen.child.child_fd)[3] != before[3]
            screen.child.send(leave)
            screen.until(lambda _: screen.child.eof() or not screen.child.isalive())
            assert termios.tcgetattr(screen.child.child_fd)[3] == before[3]
            assert screen.leaves() == 0

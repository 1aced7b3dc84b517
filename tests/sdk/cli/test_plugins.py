import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
import typer
from tests.together.processes import environment

from graphchat.cli import plugins
from graphchat.cli.app import run

Capture = pytest.CaptureFixture[str]


def python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=False, timeout=60
    )


def test_the_help_lists_the_parts_without_loading_anything_heavy() -> None:
    done = python(
        "import sys\n"
        "from graphchat.cli.app import run\n"
        "assert run(['--help']) == 0\n"
        "heavy = {'graphchat.client', 'graphchat_relay', 'graphchat_bots', 'tortoise', 'aiohttp',"
        " 'PIL', 'nacl', 'keyring'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"│ {name} " in done.stdout for name in ("relay", "bot", "demo", "send", "profile"))


def test_a_command_of_another_part_runs_under_its_own_name(capsys: Capture) -> None:
    assert run(["relay", "serve", "--help"]) == 0
    assert "Usage: graphchat relay serve" in capsys.readouterr().out
    assert run(["relay", "nonsense"]) == 2
    expected = "No such command 'nonsense'. See: graphchat relay --help\n"
    assert capsys.readouterr().err == expected


def test_a_part_whose_library_is_missing_says_what_to_install() -> None:
    done = python(
        "import sys\n"
        "sys.modules['starlette'] = None\n"
        "from graphchat.cli.app import run\n"
        "sys.exit(run(['relay', 'serve', '--store', 'memory:', '--port', '0']))\n"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        'graphchat relay needs starlette, which is not installed: pip install "graphchat[relay]"\n'
    )


def test_a_part_that_is_broken_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    broken = EntryPoint("relay", "graphchat_relay.no_such_module:app", plugins.GROUP)
    monkeypatch.setattr(plugins, "found", lambda: iter([broken]))
    assert run(["relay"]) == 1
    assert "This is a bug in graphchat (ModuleNotFoundError)" in capsys.readouterr().err


def test_an_entry_point_can_name_a_function(capsys: Capture) -> None:
    def greet(ctx: typer.Context, name: str) -> None:
        """Greet somebody."""
        typer.echo(f"hello {name} {ctx.command_path}")

    plugins.as_command("greet", greet).main(["Bob"], prog_name="greet", standalone_mode=False)
    assert capsys.readouterr().out == "hello Bob greet\n"


def test_own_commands_cannot_be_taken_over(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    thief = EntryPoint("send", "os:getcwd", plugins.GROUP)
    stranger = EntryPoint("extra", "somewhere.cli:app", plugins.GROUP)
    monkeypatch.setattr(plugins, "found", lambda: iter([thief, stranger]))
    assert run(["send", "--help"]) == 0
    assert "Send a message" in capsys.readouterr().out
    assert run(["--help"]) == 0
    assert "From somewhere.cli." in capsys.readouterr().out

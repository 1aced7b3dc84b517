import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from tests.sdk.cli.people import NewPerson

import graphchat
from graphchat import cli
from graphchat.cli import app

Capture = pytest.CaptureFixture[str]


def test_the_version_is_told(capsys: Capture) -> None:
    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"graphchat {graphchat.__version__}\n"


def test_without_a_command_there_is_help(capsys: Capture) -> None:
    assert app.run([]) == 2
    out, err = capsys.readouterr()
    assert "Begin with: graphchat profile create NAME" in out
    assert err == ""


@pytest.mark.parametrize(
    "words",
    [
        "profile create",
        "profile list",
        "profile show",
        "profile edit",
        "profile delete",
        "servers add",
        "servers list",
        "servers remove",
        "invite",
        "connect",
        "contacts",
        "contacts remove",
        "send",
        "receive",
        "history",
        "address create",
        "address show",
        "address delete",
        "requests list",
        "requests accept",
        "requests reject",
    ],
)
def test_every_command_teaches_by_an_example(words: str, capsys: Capture) -> None:
    assert app.run([*words.split(), "--help"]) == 0
    help_text = " ".join(capsys.readouterr().out.split())
    assert f"Example: graphchat {words}" in help_text


def test_the_home_comes_from_the_option_the_environment_or_the_platform(
    person: NewPerson,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    option, variable, platform = (person(name) for name in ("option", "variable", "platform"))
    monkeypatch.setattr(app, "user_data_dir", lambda _: str(platform.home))
    assert app.run(["profile", "create", "Somebody"]) == 0
    assert platform.database.exists()
    monkeypatch.setenv("GRAPHCHAT_HOME", str(variable.home))
    assert app.run(["profile", "create", "Somebody"]) == 0
    assert variable.database.exists()
    option.do("profile", "create", "Somebody")
    assert option.database.exists()
    assert platformdirs.user_data_dir("graphchat").endswith("graphchat")


def test_a_home_may_begin_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert app.run(["--home", "~/mine", "profile", "create", "Somebody"]) == 0
    assert (tmp_path / "mine" / "client.db").exists()


def test_the_program_leaves_with_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["graphchat", "--nonsense"])
    with pytest.raises(SystemExit, match="2"):
        cli.main()


def test_ctrl_c_is_quiet_also_while_the_program_is_loading() -> None:
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'graphchat.cli.app':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from graphchat.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from graphchat_relay.cli import app


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["token", *words], obj={"home": home})


def test_tokens_are_made_listed_and_revoked(tmp_path: Path) -> None:
    found = run(tmp_path, "list")
    assert (found.exit_code, found.stdout) == (0, "")
    assert "everybody may create queues" in found.stderr
    made = run(tmp_path, "add", "Alice")
    assert made.exit_code == 0
    assert len(made.stdout.strip()) == 24
    assert "behind the relay's create URI" in made.stderr
    other = run(tmp_path, "add", "Bob", "--json")
    assert json.loads(other.stdout)["name"] == "Bob"
    assert run(tmp_path, "list").stdout == "Alice\nBob\n"
    rows = [json.loads(line) for line in run(tmp_path, "list", "--json").stdout.splitlines()]
    assert rows == [{"name": "Alice"}, {"name": "Bob"}]
    for name in ("Alice", "Bob"):
        assert run(tmp_path, "revoke", name).exit_code == 0
    left = run(tmp_path, "list")
    assert "nobody may create queues" in left.stderr
    assert str(tmp_path) in left.stderr.replace("\n", "")


def test_what_cannot_be_is_one_helpful_line(tmp_path: Path) -> None:
    for words in (["revoke", "Nobody"], ["add", "a\tb"]):
        found = run(tmp_path, *words)
        assert (found.exit_code, found.stdout) == (1, "")
        assert len(found.stderr.splitlines()) == 1
        assert found.stderr.startswith("graphchat relay: ")

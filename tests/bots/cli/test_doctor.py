import json
from pathlib import Path

from tests.bots.cli.conftest import Run


def test_a_bot_whose_relay_is_gone_fails(here: Run, ran: str) -> None:
    done = here("bot", "doctor", "hello/hello.py")
    assert done.returncode == 1
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["check", "state", "found", "do"]
    assert [line.split()[0] for line in lines if " fail " in line] == ["relay"]
    assert "1 of" in done.stderr
    records = [
        json.loads(line)
        for line in here("bot", "doctor", "hello/hello.py", "--json").stdout.splitlines()
    ]
    assert {record["state"] for record in records} == {"ok", "fail"}
    assert all(record.keys() == {"check", "state", "found", "do"} for record in records)


def test_a_bot_that_has_not_run_is_told_how_to(here: Run, tmp_path: Path) -> None:
    here("bot", "new", "hello")
    done = here("bot", "doctor", "hello/hello.py")
    assert done.returncode == 1
    assert "it has not run here yet" in done.stdout
    assert "graphchat bot run hello/hello.py --relay URI" in done.stdout
    assert not (tmp_path / "home").exists()

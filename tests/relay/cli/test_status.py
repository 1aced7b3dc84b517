import asyncio
import json
from pathlib import Path

import pytest
from tests.postgres import Postgres
from tests.relay.support import clients, envelope
from typer.testing import CliRunner

from graphchat.errors import StoreError
from graphchat.testing import relay
from graphchat_relay.cli import app
from graphchat_relay.cli.status import look
from graphchat_relay.settings import RelaySettings


async def test_a_relay_that_runs_is_counted(tmp_path: Path) -> None:
    async with relay(folder=tmp_path / "relay") as served, clients(served.uri) as peers:
        queue = await peers.rest.queue("alice", "bob")
        await peers.rest.send(queue, "bob", envelope("hello"))
        words = ["status", "--json"]
        found = CliRunner().invoke(app, words, obj={"home": tmp_path})
        assert json.loads(found.stdout) == {
            "queues": 1,
            "messages": 1,
            "bytes": 4608,
            "tokens": None,
        }
    (tmp_path / "relay" / "tokens.json").write_text("[]\n")
    shown = CliRunner().invoke(app, ["status"], obj={"home": tmp_path})
    assert "4,608" in shown.stdout
    assert "everybody" not in shown.stdout


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["status"], obj={"home": tmp_path})
    assert found.exit_code == 1
    assert "Has a relay been run here?" in found.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--store", "memory:"], "in memory"),
        (["--store", "https://x"], "not supported"),
        (["--store", "postgresql://x:hunter2@127.0.0.1:1/y"], "cannot be read"),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(
    tmp_path: Path, options: list[str], part: str
) -> None:
    found = CliRunner().invoke(app, ["status", *options], obj={"home": tmp_path})
    assert found.exit_code == 1
    assert part in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert "hunter2" not in found.stderr


def test_a_damaged_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "relay.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="cannot be read"):
        look(RelaySettings(store=str(tmp_path / "relay.db")))


async def test_replicas_are_counted_once(postgres: Postgres) -> None:
    dsn = postgres.database()
    async with (
        relay(dsn) as first,
        relay(dsn) as second,
        clients(first.uri) as one,
        clients(second.uri) as two,
    ):
        await one.rest.create("alice")
        await two.rest.create("bob")
        words = ["status", "--store", dsn, "--json"]
        found = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert json.loads(found.stdout)["queues"] == 2

import asyncio
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphchat_relay.cli import app
from graphchat_relay.cli.serving import note


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--store", "mysql://x/y"], "not supported"),
        (["--store", "postgres://x:y@127.0.0.1:1/z"], "Check --store"),
        (["--create-token", "a b"], "The setting create_tokens: a token has"),
        (["--host", "1.2.3.4"], "no address of this machine"),
        (["--public-url", "http://relay.example/q"], "Plain http"),
        (["--certfile", "x"], "relay: A certificate needs both --certfile and --keyfile."),
        (["--certfile", "/x", "--keyfile", "/y", "--store", "memory:"], "cannot be used"),
    ],
)
def test_what_cannot_work_is_one_helpful_line(
    options: list[str], part: str, tmp_path: Path
) -> None:
    found = CliRunner().invoke(
        app, ["serve", "--port", "0", *options], env={"GRAPHCHAT_HOME": str(tmp_path)}
    )
    assert found.exit_code == 1
    assert part in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert found.stdout == ""


def test_a_port_that_cannot_be_is_wrong_usage(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["serve", "--port", "99999"], obj={"home": tmp_path})
    assert found.exit_code == 2
    assert "65535" in found.stderr


def test_a_port_in_use_and_a_damaged_database_are_explained(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        found = CliRunner().invoke(app, ["serve", "--port", port], obj={"home": tmp_path})
    assert found.exit_code == 1
    assert "Is another relay running there?" in found.stderr
    (tmp_path / "bad.db").write_bytes(b"no database" * 100)
    found = CliRunner().invoke(
        app,
        ["serve", "--port", "0", "--store", str(tmp_path / "bad.db")],
        obj={"home": tmp_path},
    )
    assert found.exit_code == 1
    assert "Restore a copy" in found.stderr


def test_a_settings_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text("prot = 5\n")
    found = CliRunner().invoke(app, ["serve", "--config", str(file)], obj={"home": tmp_path})
    assert found.exit_code == 1
    assert "There is no setting prot." in found.stderr
    file.write_text("port = = 5\n")
    found = CliRunner().invoke(app, ["serve", "--config", str(file)], obj={"home": tmp_path})
    assert found.exit_code == 1
    assert len(found.stderr.splitlines()) == 1


async def test_a_task_that_fails_is_logged_by_its_type_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(note)
    loop.call_soon(int, "what a client said")
    await asyncio.sleep(0.01)
    assert "ValueError" in caplog.text
    assert "client said" not in caplog.text


def test_a_connection_that_ends_with_the_relay_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    note(None, {"exception": asyncio.CancelledError()})
    assert caplog.text == ""

"""A client in JavaScript, written from docs/protocol.md alone, gets along with the relay."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, NoReturn

import pytest
from tests.together.processes import RelayProcess

SOURCES: Final = Path(__file__).parent / "javascript"
PACKAGES: Final = Path(__file__).parents[2] / "build" / "javascript" / "node_modules"
STEPS: Final = [
    "create a queue",
    "show a wrong token",
    "send unsigned while the queue is open",
    "secure the queue",
    "send signed",
    "repeat a request",
    "list in pages",
    "get a message",
    "delete a message",
    "be refused with a wrong key, time or role",
    "be told what is invalid",
    "verify the fingerprint",
    "subscribe: the backlog, then what comes",
    "attach to an open queue until it is secured",
    "send one in JSON",
    "send one in MessagePack",
    "send a batch in JSON",
    "send a batch in MessagePack",
    "speak JSON and MessagePack in turns",
    "repeat a send",
    "fetch what is long",
    "delete messages, and the window moves on",
    "be refused by socket with a wrong key",
    "be over quota, then ready",
    "be told which object is invalid",
    "end a subscription by a second one",
    "unsubscribe",
    "delete the queue, and find it gone",
]


def lacking(reason: str) -> NoReturn:
    """Skip a test for want of a program; in CI, which installs it, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the client, and the packages that `make` has fetched for it."""
    if shutil.which("node") is None:
        lacking("Node.js is missing here; on Debian: apt-get install nodejs npm")
    if not PACKAGES.is_dir():
        lacking("the packages of the client are missing: make javascript")
    folder = tmp_path_factory.mktemp("client") / "javascript"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(PACKAGES)
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.parametrize(
    ("scheme", "options"),
    [("http", []), ("https", ["--tls-self-signed", "--create-token", "ask_nicely"])],
)
def test_a_client_written_from_the_document_takes_every_step(
    scheme: str, options: list[str], client: Path, tmp_path: Path
) -> None:
    relay = RelayProcess(tmp_path / "relay", *options)
    try:
        relay.start()
        assert relay.uri.startswith(f"{scheme}://")
        done = run(client, "node", "scenario.mjs", relay.uri)
    finally:
        relay.stop()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines == [{"step": step, "ok": True} for step in STEPS]


def test_a_client_sends_nothing_to_another_relay(client: Path, tmp_path: Path) -> None:
    relay = RelayProcess(tmp_path / "relay", "--tls-self-signed")
    try:
        relay.start()
        address, _, _ = relay.uri.partition("#")
        done = run(client, "node", "scenario.mjs", f"{address}#{'A' * 22}")
    finally:
        relay.stop()
    assert done.returncode == 1
    assert "the certificate is not that of the relay" in done.stderr
    assert json.loads(done.stdout) == {"step": STEPS[0], "ok": False}


def test_the_lock_names_hashes_and_no_place_to_fetch_from() -> None:
    text = (SOURCES / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert "://" not in text
    assert all("integrity" in package for name, package in packages.items() if name)

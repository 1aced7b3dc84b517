"""Files by commands: sent, listed, fetched, cancelled."""

from pathlib import Path
from random import Random

import pytest
from PIL import Image
from tests.sdk.cli.people import Pair
from tests.together.processes import RelayProcess

from graphchat.cli import messages, transfers
from graphchat.content.files import CHUNK


def written(folder: Path, size: int, name: str = "plan.bin") -> Path:
    path = folder / name
    path.write_bytes(Random(size).randbytes(size))
    return path


def test_a_file_is_sent_shown_and_fetched(pair: Pair, tmp_path: Path) -> None:
    alice, bob = pair
    path = written(tmp_path, CHUNK + 1)
    (sent,) = alice.do("send", "Bob", "The plan.", "--file", str(path), "--json").rows
    assert sent["event"] == "sent"
    (event,) = bob.receive(1, "--save", str(tmp_path / "in"), "--fetch", "0")
    assert (event["type"], event["name"], event["size"]) == ("file", "plan.bin", CHUNK + 1)
    assert "file" not in event
    assert "key" not in event
    name = event["id"]
    shown = bob.do("history", "Alice").out
    get = f"not fetched; graphchat file get Alice {name[:8]} does) The plan."
    assert f"(file plan.bin, 768 KiB, application/octet-stream, {get}" in shown
    assert "application/octet-stream, sent) The plan." in alice.do("history", "Bob").out
    found = bob.do("file", "get", "Alice", "last", str(tmp_path / "got.bin")).out.strip()
    assert found == str(tmp_path / "got.bin")
    assert Path(found).read_bytes() == path.read_bytes()
    refused = bob.refused("file", "get", "Alice", name[:8], str(tmp_path))
    assert refused.startswith("This file is not at the relays any more")


def test_a_small_file_comes_by_itself_where_there_is_a_folder(pair: Pair, tmp_path: Path) -> None:
    alice, bob = pair
    path = written(tmp_path, 1000)
    alice.do("send", "Bob", "--file", str(path))
    (event,) = bob.receive(1, "--save", str(tmp_path / "in"))
    assert event["file"] == str(tmp_path / "in" / "plan.bin")
    assert Path(event["file"]).read_bytes() == path.read_bytes()


def test_a_picture_is_sent_as_it_is_if_that_is_wanted(pair: Pair, tmp_path: Path) -> None:
    alice, bob = pair
    picture = tmp_path / "boat.png"
    Image.new("RGB", (300, 200), "navy").save(picture)
    alice.do("send", "Bob", "--file", str(picture), "--original")
    (event,) = bob.receive(1, "--save", str(tmp_path / "in"))
    assert (event["type"], event["mime"]) == ("file", "image/png")
    assert Path(event["file"]).read_bytes() == picture.read_bytes()


def test_a_file_that_no_relay_takes_waits_and_can_be_cancelled(
    relay: RelayProcess, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    monkeypatch.setattr(messages, "PATIENCE", 0.3)
    monkeypatch.setattr(transfers, "PATIENCE", 0.3)
    relay.kill()
    try:
        first, second = [
            alice.do("send", "Bob", "--file", str(path), "--json").rows[0]
            for path in (written(tmp_path, 1000), written(tmp_path, 2000, "other.bin"))
        ]
        rows = alice.do("file", "list", "--json").rows
        alice.do("file", "cancel", "Bob", second["id"][:8])
        table = alice.do("file", "list").out
    finally:
        relay.start()
    assert (first["event"], second["event"]) == ("queued", "queued")
    assert [(row["contact"], row["id"], row["done"]) for row in rows] == [
        ("Bob", first["id"], 0),
        ("Bob", second["id"], 0),
    ]
    assert first["id"][:8] in table
    assert second["id"][:8] not in table
    monkeypatch.setattr(transfers, "PATIENCE", 10.0)
    (resumed,) = alice.do("file", "resume", "--json").rows
    assert (resumed["event"], resumed["id"]) == ("sent", first["id"])
    (event,) = bob.receive(1, "--save", str(tmp_path / "in"))
    assert Path(event["file"]).read_bytes() == (tmp_path / "plan.bin").read_bytes()


def test_what_is_not_there_is_said(pair: Pair) -> None:
    first, _ = pair
    assert first.do("file", "list").err == "No file is on its way out.\n"
    assert first.do("file", "resume").err == "No file is on its way out.\n"
    assert first.refused("file", "cancel", "Bob", "abcd").startswith("No such file is on its way")
    assert first.refused("file", "get", "Bob", "last") == "Bob has sent no file."
    assert first.refused("send", "Bob", "--file", "/dev/null") == "This is no file. Choose one."

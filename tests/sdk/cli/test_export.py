import json
from base64 import b64decode
from pathlib import Path

import pytest
from PIL import Image
from tests.sdk.cli.people import Pair

from graphchat.cli import export
from graphchat.client import conversation


@pytest.fixture
def talked(pair: Pair, tmp_path: Path) -> Pair:
    alice, bob = pair
    Image.new("RGB", (30, 20), "navy").save(tmp_path / "boat.png")
    alice.do("send", "Bob", "Grüße <b>")
    alice.do("send", "Bob", "our boat", "--file", str(tmp_path / "boat.png"))
    alice.do("send", "Bob", "three")
    bob.receive(3)
    return pair


def test_a_line_of_json_holds_all_of_a_message(
    talked: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "SMALL_PAGE", 2)
    _, bob = talked
    file = tmp_path / "alice.json"
    done = bob.do("export", "Alice", str(file))
    assert done.err == f"3 messages in {file}. Whoever has this file can read them.\n"
    rows = [json.loads(line) for line in file.read_text("ascii").splitlines()]
    assert [row["text"] for row in rows] == ["Grüße <b>", "our boat", "three"]
    assert [row["type"] for row in rows] == ["text", "image", "text"]
    assert b64decode(rows[1]["data"]).startswith(b"RIFF")
    shown = bob.do("history", "Alice", "--json").rows
    assert [{**row, "data": None} for row in rows] == [{**row, "data": None} for row in shown]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_page_is_written_whole_or_not_at_all(
    talked: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bob = talked
    file = tmp_path / "out" / "alice.html"
    file.parent.mkdir()
    bob.do("export", "Alice", str(file))
    page = file.read_text()
    assert "<p>Grüße &lt;b&gt;</p>" in page
    assert page.endswith("</html>\n")

    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(export.Objects, "line", stop)
    assert bob.run("export", "Alice", str(file.with_suffix(".json"))).status == 130
    assert [each.name for each in file.parent.iterdir()] == ["alice.html"]
    monkeypatch.undo()


def test_the_name_of_the_file_says_what_it_is_to_be(talked: Pair, tmp_path: Path) -> None:
    alice, _ = talked
    done = alice.run("export", "Bob", str(tmp_path / "bob.txt"))
    assert (done.status, "does not end in .json or .html" in done.err) == (2, True)
    assert "No such file or directory" in alice.refused("export", "Bob", "/nowhere/at/all.html")

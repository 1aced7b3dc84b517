import os
from hashlib import sha256
from io import BytesIO
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from PIL import Image

from graphchat.client.files import disk
from graphchat.client.files.disk import Part, numbered, safe_name
from graphchat.content.files import CHUNK
from graphchat.errors import ContentError, StateError


@given(st.text(max_size=300))
def test_a_safe_name_is_one_in_every_folder(name: str) -> None:
    found = safe_name(name)
    assert found
    assert len(found.encode(errors="surrogatepass")) <= 201
    assert not set(found) & set('<>:"/\\|?*\0\n\x1b')
    assert found[0] not in ".-~"
    assert found[-1] not in ". "
    assert found.partition(".")[0].upper() not in {"CON", "NUL", "COM1", "LPT9"}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("plan.pdf", "plan.pdf"),
        ("Grüße 東京.txt", "Grüße 東京.txt"),
        (".bashrc", "_.bashrc"),
        ("-rf", "_-rf"),
        ("con.txt", "_con.txt"),
        ("a:b", "a_b"),
        ("..", "_"),
        ("x. ", "x"),
        ("", "_"),
    ],
)
def test_names_stay_as_they_are_where_they_can(name: str, found: str) -> None:
    assert safe_name(name) == found


def test_a_name_that_is_taken_gets_a_number() -> None:
    names = [path.name for path in islice(numbered(Path("a.tar.gz")), 3)]
    assert names == ["a.tar.gz", "a.tar (2).gz", "a.tar (3).gz"]


def test_a_file_is_looked_through_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"x" * (CHUNK + 3))
    found = disk.look(path, 10 * CHUNK)
    assert (found.size, found.mime, found.thumbnail) == (CHUNK + 3, "application/pdf", b"")
    assert found.sha256 == sha256(path.read_bytes()).digest()
    assert found.digests == disk.digest(b"x" * CHUNK) + disk.digest(b"xxx")
    assert disk.chunk(path, 1, disk.digest(b"xxx")) == b"xxx"
    with pytest.raises(StateError, match="was changed or removed"):
        disk.chunk(path, 0, disk.digest(b"xxx"))


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="cannot be read: Is a directory"):
        disk.look(tmp_path, 10)
    with pytest.raises(ContentError, match="This is no file"):
        disk.look(Path(os.devnull), 10)


def test_a_picture_that_is_sent_as_a_file_has_a_thumbnail(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (300, 200), "navy").save(path)
    assert disk.is_picture(path)
    with Image.open(BytesIO(disk.look(path, 10**6).thumbnail)) as small:
        assert small.size == (240, 160)
    path.write_bytes(path.read_bytes()[:40])
    assert disk.is_picture(path)
    assert disk.look(path, 10**6).thumbnail == b""


def test_a_part_is_made_filled_and_named(tmp_path: Path) -> None:
    part = Part(tmp_path / ".x.part")
    assert not part.has(CHUNK + 1)
    part.make(CHUNK + 1)
    assert part.has(CHUNK + 1)
    assert part.path.stat().st_mode & 0o077 == 0
    part.write(1, b"z")
    part.write(0, b"y" * CHUNK)
    data = b"y" * CHUNK + b"z"
    assert part.sha256() == sha256(data).digest()
    (tmp_path / "a").write_text("mine")
    with pytest.raises(StateError, match="file with this name now"):
        part.become(tmp_path / "a", exactly=True)
    assert part.become(tmp_path / "a", exactly=False) == tmp_path / "a (2)"
    assert (tmp_path / "a").read_text() == "mine"
    assert (tmp_path / "a (2)").read_bytes() == data
    assert not part.path.exists()


def test_a_part_follows_no_link(tmp_path: Path) -> None:
    victim, part = tmp_path / "victim", Part(tmp_path / ".x.part")
    victim.write_bytes(b"12345")
    part.path.symlink_to(victim)
    assert not part.has(5)
    part.make(3)
    part.write(0, b"abc")
    assert victim.read_bytes() == b"12345"


def test_without_links_a_file_is_renamed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    part = Part(tmp_path / ".x.part")
    part.make(1)
    (tmp_path / "a").write_text("mine")
    assert part.become(tmp_path / "a", exactly=False).name == "a (2)"
    assert (tmp_path / "a").read_text() == "mine"


def test_a_disk_that_is_full_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no room for a file of"):
        Part(tmp_path / ".x.part").make(2**60)

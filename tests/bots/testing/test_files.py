from pathlib import Path

import pytest

from graphchat.content import File, Text
from graphchat.content.files import CHUNK
from graphchat.errors import ContentError, StateError
from graphchat_bots.parcel import Attachment
from graphchat_bots.testing.files import MemoryFiles

NAME = b"1" * 16


async def test_a_file_arrives_as_its_message_and_its_bytes_are_kept(tmp_path: Path) -> None:
    files, data = MemoryFiles(), b"x" * (CHUNK + 1)
    message = await files.take("a", Attachment("x.pdf", data=data, description="d"), NAME)
    assert isinstance(message, File)
    assert (message.name, message.size, message.mime) == ("x.pdf", CHUNK + 1, "application/pdf")
    assert files.read("a", NAME) == data
    assert await files.put("a", NAME, tmp_path) == tmp_path / "x.pdf"
    assert await files.put("a", NAME, tmp_path) == tmp_path / "x.pdf"
    (tmp_path / "x.pdf").write_bytes(b"another")
    assert await files.put("a", NAME, tmp_path) == tmp_path / "x (2).pdf"
    with pytest.raises(StateError, match="this name already"):
        await files.put("a", NAME, tmp_path / "x.pdf")


async def test_what_is_no_file_or_is_gone_is_said(tmp_path: Path) -> None:
    files = MemoryFiles()
    assert await files.take("a", Text("a"), NAME) == Text("a")
    with pytest.raises(StateError, match="no file"):
        files.read("a", NAME)
    with pytest.raises(ContentError, match="cannot be read"):
        await files.take("a", Attachment("x", str(tmp_path / "x")), NAME)

from pathlib import Path

import pytest

from graphchat.content import Choices, Edit, Message, Option, Text
from graphchat.errors import ContentError, RemoteProtocolError
from graphchat_bots.parcel import MAX_DATA, Attachment, attachment, pack, unpack


@pytest.mark.parametrize(
    "parcel",
    [
        Text("a"),
        Text("a" * 70_000),
        Edit(b"1" * 16, "b"),
        Choices("Size?", tuple(Option(str(n), str(n)) for n in range(20))),
        Attachment("a.txt", data=b"abc", description="d"),
        Attachment("a.txt", path="/a.txt", reply_to=b"1" * 16, quote="q"),
    ],
)
def test_what_is_packed_is_unpacked(parcel: Message | Attachment) -> None:
    assert unpack(pack(parcel)) == parcel


@pytest.mark.parametrize("body", [b"", b"x", b"\x91\xa4file", b"\x92\xa4file\xa1/"])
def test_what_is_damaged_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        unpack(body)


def test_a_file_is_named_as_on_the_disk_unless_it_is_given_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(ContentError, match="no file"):
        attachment(path, "", "")
    path.write_bytes(b"a")
    assert attachment(path, "", "d") == Attachment("a.txt", str(path), description="d")
    assert attachment(path, "b.txt", "").name == "b.txt"


def test_too_many_bytes_are_refused_and_nothing_shows_them() -> None:
    with pytest.raises(ContentError, match="8 MiB"):
        attachment(bytes(MAX_DATA + 1), "a", "")
    assert repr(attachment(b"secret", "a", "")) == "<Attachment, 6 bytes here>"

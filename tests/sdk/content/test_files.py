from typing import Any

import pytest
from hypothesis import given, strategies as st
from msgspec import structs

from graphchat.content import File, FileHost, FilePlace, decode, encode
from graphchat.content.files import CHUNK, MAX_SIZE, check_name, count
from graphchat.errors import ContentError, RemoteProtocolError

PLACE = FilePlace(0, bytes(18), bytes(32))
HOST = FileHost(bytes(16), "https://relay.example/q")
FILE = File("plan.pdf", 3 * CHUNK, bytes(32), bytes(32), (HOST,), ((PLACE,), (PLACE,)), 2)


def test_a_file_says_its_name_and_never_its_keys() -> None:
    assert repr(FILE) == "<File 'plan.pdf', 2359164 bytes>"
    assert repr(PLACE) == "<FilePlace at host 0>"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../etc/passwd", "another folder"),
        ("a/b", "another folder"),
        ("a\\b", "another folder"),
        ("..", "another folder"),
        (".", "another folder"),
        ("", "nothing of it can be seen"),
        ("a\nb", "line breaks"),
        ("a\0b", "control characters"),
        ("gpj.\u202eexe", "control characters"),
        ("x" * 201, "201 characters"),
        ("é" * 150, "more than 240 bytes"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(ContentError, match=sentence):
        structs.replace(FILE, name=name)


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1},
        {"size": MAX_SIZE + 1},
        {"size": 3 * CHUNK + 1, "strip": 1},
        {"size": CHUNK},
        {"size": 0},
        {"strip": 0},
        {"strip": 17},
        {"strips": ((PLACE,),)},
        {"hosts": ()},
        {"strips": ((PLACE,), (FilePlace(1, bytes(18), bytes(32)),))},
        {"mime": "text"},
        {"mime": "text/plain; charset=utf-8"},
        {"mime": "a/" + "b" * 100},
        {"description": "x" * 1001},
        {"thumbnail": bytes(16_385)},
        {"reply_to": bytes(15)},
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ContentError):
        structs.replace(FILE, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"key": bytes(31)},
        {"sha256": bytes(33)},
        {"hosts": (FileHost(bytes(15), "https://relay.example/q"),)},
        {"hosts": (FileHost(bytes(16), "x" * 256),)},
        {"strips": ((FilePlace(8, bytes(18), bytes(32)),), (PLACE,))},
        {"strips": ((FilePlace(0, bytes(17), bytes(32)),), (PLACE,))},
        {"strips": ((FilePlace(0, bytes(18), bytes(31)),), (PLACE,))},
        {"strips": ((), (PLACE,))},
        {"strips": ((PLACE,) * 4, (PLACE,))},
        {"hosts": (HOST,) * 9},
    ],
)
def test_what_comes_with_wrong_lengths_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((RemoteProtocolError, ContentError)):
        decode(encode(structs.replace(FILE, **change)))


def test_the_largest_file_fits_into_a_message() -> None:
    strips = count(count(MAX_SIZE, CHUNK), 8)
    large = structs.replace(FILE, size=MAX_SIZE, strip=8, strips=((PLACE, PLACE),) * strips)
    data = encode(large)
    assert len(data) < 700_000
    assert decode(data) == large


@given(st.text(max_size=30))
def test_a_name_that_is_allowed_stays_in_its_folder(name: str) -> None:
    try:
        check_name(name)
    except ContentError:
        return
    assert "/" not in name
    assert "\\" not in name
    assert name not in {"", ".", ".."}


@given(st.integers(0, MAX_SIZE), st.integers(1, CHUNK))
def test_parts_make_up_the_whole(whole: int, part: int) -> None:
    assert (count(whole, part) - 1) * part < whole or whole == 0
    assert count(whole, part) * part >= whole

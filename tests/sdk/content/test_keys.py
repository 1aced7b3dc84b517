"""What programs say of their proof keys."""

import msgspec
import pytest

from graphchat.content import KeyNext, Turn, decode, encode
from graphchat.errors import ContentError


def test_a_next_key_travels_as_a_message() -> None:
    message = KeyNext(b"k" * 32, b"s" * 64)
    assert decode(encode(message)) == message


@pytest.mark.parametrize(("key", "signature"), [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)])
def test_its_parts_have_their_lengths(key: int, signature: int) -> None:
    with pytest.raises(ContentError):
        KeyNext(bytes(key), bytes(signature))


@pytest.mark.parametrize(
    ("name", "value"), [("stream", b"short"), ("from_seq", 1), ("key", b""), ("signature", b"x")]
)
def test_a_turn_of_another_form_is_not_read(name: str, value: object) -> None:
    good = Turn(b"stream_1", 2, b"k" * 32, b"s" * 64)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(good), type=Turn) == good
    fields = {**msgspec.structs.asdict(good), name: value}
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode([*fields.values()]), type=Turn)

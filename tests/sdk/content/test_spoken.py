from math import inf, nan
from typing import cast

import pytest

from graphchat.content import Image, Location, Text, Voice
from graphchat.content.spoken import Mime
from graphchat.errors import ContentError


def test_a_text_has_at_most_100000_characters() -> None:
    assert len(Text("é" * 100_000).text) == 100_000
    with pytest.raises(ContentError, match="100,001 characters"):
        Text("a" * 100_001)


def test_an_image_has_at_most_700000_bytes() -> None:
    Image(bytes(700_000), "image/png", 1, 1)
    with pytest.raises(ContentError):
        Image(bytes(700_001), "image/png", 1, 1)
    with pytest.raises(ContentError):
        Image(b"", "image/png", 1, 1)


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 1), (16_385, 1), (1, 16_385)])
def test_an_image_has_a_size_that_a_screen_can_have(width: int, height: int) -> None:
    with pytest.raises(ContentError):
        Image(b"x", "image/png", width, height)


def test_other_formats_thumbnails_and_captions_beyond_the_limits_are_refused() -> None:
    with pytest.raises(ContentError, match="PNG, JPEG or WebP"):
        Image(b"x", cast("Mime", "image/svg+xml"), 1, 1)
    with pytest.raises(ContentError, match="thumbnail"):
        Image(b"x", "image/png", 1, 1, bytes(16_385))
    with pytest.raises(ContentError, match="caption"):
        Image(b"x", "image/png", 1, 1, b"", "a" * 1001)


def test_a_voice_is_ogg_of_at_most_an_hour() -> None:
    Voice(b"OggS" + bytes(699_996), 3_600_000, bytes(128))
    for data, duration, waveform in [
        (b"OggS" + bytes(699_997), 1, b""),
        (b"RIFF", 1, b""),
        (b"", 1, b""),
        (b"OggS", 0, b""),
        (b"OggS", 3_600_001, b""),
        (b"OggS", 1, bytes(129)),
    ]:
        with pytest.raises(ContentError):
            Voice(data, duration, waveform)


def test_a_location_is_a_place_on_the_earth() -> None:
    Location(-90, 180, 20_040_000, "x" * 200)
    for wrong in [(90.1, 0), (0, -180.1), (nan, 0), (0, inf), (0, 0, -1), (0, 0, 0, "a\nb")]:
        with pytest.raises(ContentError):
            Location(*wrong)  # type: ignore[arg-type]


def test_a_reply_names_a_message_of_16_bytes_and_may_quote_it() -> None:
    Text("x", bytes(16), "x" * 200)
    Image(b"x", "image/png", 1, 1, reply_to=bytes(16))
    for reply_to, quote in [(bytes(15), ""), (b"", "x"), (bytes(16), "x" * 201)]:
        with pytest.raises(ContentError):
            Text("x", reply_to, quote)

from typing import cast

import pytest

from graphchat.content import Image, Text
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

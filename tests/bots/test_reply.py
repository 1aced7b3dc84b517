from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Pillow

from graphchat.content import Image, Text
from graphchat.content.pictures import make_image
from graphchat.errors import ContentError
from graphchat_bots.reply import Reply, message_of


def png() -> bytes:
    file = BytesIO()
    Pillow.new("RGB", (4, 3), "red").save(file, "PNG")
    return file.getvalue()


async def test_text_becomes_a_text() -> None:
    assert await message_of("hello") == Text("hello")
    assert await message_of(Reply("hello")) == Text("hello")
    assert await message_of(Text("hello")) == Text("hello")


async def test_a_picture_may_be_bytes_a_file_or_pixels(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    path.write_bytes(png())
    for image in (png(), path, Pillow.new("RGB", (4, 3), "red")):
        message = await message_of(Reply("a caption", image=image))
        assert isinstance(message, Image)
        assert (message.width, message.height, message.caption) == (4, 3, "a caption")


async def test_a_finished_image_stays_as_it_is() -> None:
    image = make_image(png(), "mine")
    assert await message_of(Reply(image=image)) is image
    assert await message_of(image) is image


async def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ContentError):
        await message_of(Reply(image=b"no picture"))
    with pytest.raises(ContentError):
        await message_of(3)  # type: ignore[arg-type]  # that is the point


async def test_a_finished_image_is_given_the_caption() -> None:
    image = make_image(png(), "before")
    captioned = await message_of(Reply("after", image=image))
    assert isinstance(captioned, Image)
    assert (captioned.caption, captioned.data) == ("after", image.data)
    assert await message_of(Reply(image=image)) == image

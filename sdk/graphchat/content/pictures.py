"""Pictures made safe: opened with care, written anew, small enough for one message.

Nothing of the original file survives but its pixels: no place, no camera, no comment.
The work takes up to some seconds of processor time; call it in a thread.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Final

from PIL import Image as Pillow, ImageFile, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from graphchat.content.profile import MAX_AVATAR
from graphchat.content.spoken import MAX_IMAGE, MAX_THUMBNAIL, Image
from graphchat.errors import ContentError

MAX_FILE: Final = 32 * 2**20
# A file of some kilobytes can claim to be a billion pixels.
MAX_PIXELS: Final = 24_000_000
AVATAR: Final = 192

# (longest side in pixels, WebP quality): the first that fits is taken.
_IMAGE: Final = ((2048, 85), (2048, 70), (1600, 60), (1200, 50), (800, 40))
_THUMBNAIL: Final = ((240, 60), (160, 50), (96, 40))
_AVATAR: Final = ((AVATAR, 80), (AVATAR, 55), (AVATAR, 30), (128, 10))


def make_image(data: bytes, caption: str = "") -> Image:
    """Return the message that shows the picture file ``data``, with a thumbnail.

    It has at most 2,048 pixels a side and 700,000 bytes; of an animation it shows the
    first picture. Raises `ContentError` as `open_picture`.
    """
    picture = open_picture(data, _IMAGE[0][0])
    body, (width, height) = _fit(picture, _IMAGE, MAX_IMAGE)
    thumbnail, _ = _fit(picture, _THUMBNAIL, MAX_THUMBNAIL)
    return Image(body, "image/webp", width, height, thumbnail, caption)


def make_avatar(data: bytes) -> bytes:
    """Return the middle of the picture file ``data`` as WebP, 192 pixels a side, 8 KiB at most.

    Raises `ContentError` as `open_picture`.
    """
    picture = ImageOps.fit(open_picture(data, 4 * AVATAR), (AVATAR, AVATAR))
    return _fit(picture, _AVATAR, MAX_AVATAR)[0]


def open_picture(data: bytes, side: int) -> Pillow.Image:
    """Return the pixels of a PNG, JPEG or WebP file, upright, in mode RGB or RGBA.

    It is made smaller until it fits into a square of ``side`` pixels. Raises
    `ContentError` if it is another format, damaged, larger than 32 MiB, or has more
    than 24 million pixels.
    """
    if len(data) > MAX_FILE:
        raise ContentError(f"The picture file is larger than {MAX_FILE // 2**20} MiB.")
    opener = _opener(data)
    try:
        with opener(BytesIO(data)) as source:
            _check_pixels(source)
            return _pixels(source, side)
    except ContentError:
        raise
    except Exception:  # noqa: BLE001 - codecs raise anything that a hostile file makes them hit
        raise ContentError("The picture is damaged. Open it, save it again, and retry.") from None


def _opener(data: bytes) -> Callable[[BytesIO], ImageFile.ImageFile]:
    # Never `Image.open`: it would try formats by plug-ins that nobody here looked at.
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if data.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WebPImageFile
    raise ContentError("This file is no PNG, JPEG or WebP picture. Convert it first.")


def _check_pixels(source: Pillow.Image) -> None:
    if source.width * source.height > MAX_PIXELS:
        raise ContentError(
            f"The picture has {source.width:,} x {source.height:,} pixels, more than "
            f"{MAX_PIXELS // 10**6} million. Make it smaller first."
        )


def _pixels(source: Pillow.Image, side: int) -> Pillow.Image:
    source.draft("RGB", (side, side))  # a large JPEG is decoded at half, quarter ... size
    if source.mode.startswith("I"):  # 16 bits a pixel, which would be cut off, not scaled
        source = source.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    upright = ImageOps.exif_transpose(source)
    upright.thumbnail((side, side), Pillow.Resampling.LANCZOS)
    mode = "RGBA" if upright.has_transparency_data else "RGB"
    # A new image: a copy would carry the comments and profiles of the file along.
    fresh = Pillow.new(mode, upright.size)
    fresh.paste(upright.convert(mode))
    return fresh


def _fit(
    picture: Pillow.Image, steps: Sequence[tuple[int, int]], most: int
) -> tuple[bytes, tuple[int, int]]:
    for side, quality in steps:
        smaller = picture.copy()
        smaller.thumbnail((side, side), Pillow.Resampling.LANCZOS)
        file = BytesIO()
        smaller.save(file, "WEBP", quality=quality, alpha_quality=quality, method=4)
        if file.tell() <= most:
            return file.getvalue(), smaller.size
    if picture.mode == "RGBA":  # transparency that looks like noise takes the most room
        return _fit(_on_white(picture), steps, most)
    raise ContentError("The picture cannot be made small enough. Choose another one.")


def _on_white(picture: Pillow.Image) -> Pillow.Image:
    white = Pillow.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white

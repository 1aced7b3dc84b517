import os
import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, strategies as st
from PIL import Image as Pillow, PngImagePlugin

from graphchat.content.pictures import MAX_FILE, make_avatar, make_image, open_picture
from graphchat.errors import ContentError


def written(picture: Pillow.Image, file_format: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def gradient(width: int, height: int, mode: str = "RGB") -> Pillow.Image:
    return Pillow.radial_gradient("L").resize((width, height)).convert(mode)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims to have ``width`` x ``height`` pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_picture_becomes_webp_with_a_thumbnail(file_format: str) -> None:
    image = make_image(written(gradient(600, 300), file_format), "a *sphere*")
    assert (image.mime, image.width, image.height) == ("image/webp", 600, 300)
    assert image.caption == "a *sphere*"
    shown, small = Pillow.open(BytesIO(image.data)), Pillow.open(BytesIO(image.thumbnail))
    assert (shown.format, shown.size) == ("WEBP", (600, 300))
    assert (small.format, small.size) == ("WEBP", (240, 120))
    assert shown.convert("L").crop((300, 150, 301, 151)).tobytes()[0] < 10


def test_nothing_but_pixels_survives() -> None:
    exif = Pillow.Exif()
    exif[0x010E] = "SECRET place"
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "SECRET place")
    notes.add_itxt("XML:com.adobe.xmp", "SECRET place")
    files = [
        written(
            gradient(50, 50), "JPEG", exif=exif, comment=b"SECRET place", icc_profile=b"SECRET"
        ),
        written(gradient(50, 50), "PNG", exif=exif, pnginfo=notes, icc_profile=b"SECRET place"),
        written(gradient(50, 50), "WEBP", exif=exif, xmp=b"SECRET place", icc_profile=b"SECRET"),
    ]
    for file in files:
        assert b"SECRET" in file or b"iCCP" in file
        image = make_image(file)
        for part in (image.data, image.thumbnail, make_avatar(file)):
            assert b"SECRET" not in part
            assert not {b"EXIF", b"XMP ", b"ICCP"} & {part[i : i + 4] for i in range(len(part))}


def test_a_picture_taken_sideways_is_shown_upright() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    image = make_image(written(gradient(60, 30), "JPEG", exif=exif))
    assert (image.width, image.height) == (30, 60)


def test_a_large_picture_is_made_to_fit() -> None:
    image = make_image(written(gradient(4000, 1000), "PNG"))
    assert (image.width, image.height) == (2048, 512)


def test_even_noise_is_made_to_fit() -> None:
    noise = written(Pillow.frombytes("RGBA", (1100, 1100), os.urandom(4_840_000)), "PNG")
    image = make_image(noise)
    assert len(image.data) <= 700_000
    assert len(image.thumbnail) <= 16_384
    small = Pillow.frombytes("RGBA", (192, 192), os.urandom(192 * 192 * 4))
    assert len(make_avatar(written(small, "PNG"))) <= 8192


def test_transparency_survives() -> None:
    picture = Pillow.new("RGBA", (10, 10), (255, 0, 0, 0))
    shown = Pillow.open(BytesIO(make_image(written(picture, "PNG")).data))
    assert shown.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index] # RGBA gives four


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "I;16", "RGBA"])
def test_every_kind_of_png_is_read(mode: str) -> None:
    source = gradient(16, 16, "LA" if mode in {"LA", "PA"} else "L")
    assert make_image(written(source.convert(mode.replace("PA", "LA")), "PNG")).width == 16


def test_pictures_with_16_bits_keep_their_brightness() -> None:
    rows = b"".join((value * 256).to_bytes(2, "little") for value in range(256))
    picture = open_picture(written(Pillow.frombytes("I;16", (256, 1), rows), "PNG"), 256)
    assert [picture.getpixel((x, 0)) for x in (0, 100, 255)] == [(x,) * 3 for x in (0, 100, 255)]


def test_a_cmyk_jpeg_is_read() -> None:
    assert open_picture(written(gradient(16, 16, "CMYK"), "JPEG"), 16).mode == "RGB"


def test_an_avatar_is_the_middle_of_the_picture() -> None:
    picture = Pillow.new("RGB", (900, 300), "blue")
    picture.paste(Pillow.new("RGB", (300, 300), "red"), (300, 0))
    avatar = make_avatar(written(picture, "PNG"))
    shown = Pillow.open(BytesIO(avatar))
    assert (shown.format, shown.size) == ("WEBP", (192, 192))
    assert len(avatar) < 8192
    colours = [shown.convert("RGB").getpixel(at) for at in ((8, 8), (183, 183))]
    assert all(isinstance(c, tuple) and c[0] > 200 and c[2] < 60 for c in colours)


@pytest.mark.parametrize(
    "size", [(60_000, 60_000), (24_001, 1000), (2**31 - 1, 1), (1, 2**31 - 1)]
)
def test_a_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    with pytest.raises(ContentError, match="pixels, more than 24 million"):
        open_picture(bomb(*size), 100)


def test_24_million_pixels_are_not_too_many_but_damage_is_still_found() -> None:
    with pytest.raises(ContentError, match="damaged"):
        open_picture(bomb(24_000, 1000), 100)


def test_a_file_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(ContentError, match="larger than 32 MiB"):
        open_picture(bytes(MAX_FILE + 1), 100)


@pytest.mark.parametrize("file_format", ["GIF", "BMP", "TIFF", "PPM", "ICO", "EPS", "PDF"])
def test_other_formats_are_refused(file_format: str) -> None:
    with pytest.raises(ContentError, match="no PNG, JPEG or WebP"):
        make_image(written(gradient(16, 16), file_format))


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"\x89PNG", b"RIFF\x00\x00\x00\x00WAVE", b"MZ"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ContentError, match="no PNG, JPEG or WebP"):
        make_avatar(data)


@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.data())
def test_a_damaged_file_never_crashes(file_format: str, data: st.DataObject) -> None:
    file = bytearray(written(gradient(40, 40), file_format))
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    file = file[: data.draw(st.integers(0, len(file)))]
    try:
        picture = open_picture(bytes(file), 40)
    except ContentError:
        return
    assert max(picture.size) <= 40


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_file_that_is_cut_is_called_damaged(file_format: str) -> None:
    file = written(gradient(200, 200), file_format)
    with pytest.raises(ContentError, match="damaged"):
        open_picture(file[: len(file) * 2 // 3], 200)

import json
import re
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

import pyte
import pytest
import segno
from PIL import Image as Pillow, ImageFilter

from graphchat.codes import MAX_CODE, Code, qr
from graphchat.errors import CodeError

VECTORS: Final = json.loads(Path(__file__).parents[2].joinpath("vectors/codes.json").read_text())
TEXTS: Final[list[str]] = [vector["text"] for vector in VECTORS["valid"]]
# Two lanes: what people show each other most.
TWO: Final = next(v["text"] for v in VECTORS["valid"] if len(v["lanes"]) == 2)

Change = Callable[[Pillow.Image], Pillow.Image]


def jpeg(picture: Pillow.Image, quality: int) -> Pillow.Image:
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Pillow.open(file)


def noisy(picture: Pillow.Image, sigma: int) -> Pillow.Image:
    noise = Pillow.effect_noise(picture.size, sigma)
    return Pillow.blend(picture, noise, 0.4)


def scaled(picture: Pillow.Image, factor: float) -> Pillow.Image:
    side = round(picture.width * factor)
    return picture.resize((side, side), Pillow.Resampling.BICUBIC)


def tilted(picture: Pillow.Image) -> Pillow.Image:
    """Return ``picture`` seen from the side, on a grey table."""
    # x = (x + 0.1 y - 100) / (1 + 0.0003 x + 0.00015 y), and y likewise: the far edge is shorter.
    data = (1.0, 0.1, -100, 0.05, 1.0, -80, 0.0003, 0.00015)
    return picture.transform(
        (800, 800), Pillow.Transform.PERSPECTIVE, data, Pillow.Resampling.BICUBIC, fillcolor=128
    )


def dim(picture: Pillow.Image) -> Pillow.Image:
    shade = Pillow.linear_gradient("L").resize(picture.size).point(lambda value: 70 + value // 3)
    return Pillow.composite(shade, Pillow.new("L", picture.size, 30), picture)


def turned(picture: Pillow.Image, degrees: int) -> Pillow.Image:
    return picture.rotate(degrees, expand=True, fillcolor=200)


def blurred(picture: Pillow.Image, radius: float) -> Pillow.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius))


def worn(picture: Pillow.Image) -> Pillow.Image:
    return jpeg(noisy(blurred(turned(picture, 11), 1.5), 50), 40)


def on_a_table(
    picture: Pillow.Image, size: tuple[int, int], *places: tuple[int, int]
) -> Pillow.Image:
    table = Pillow.effect_noise(size, 40)
    for place in places:
        table.paste(picture, place)
    return table


CHANGES: Final[dict[str, Change]] = {
    "as it is": lambda picture: picture,
    **{f"turned by {d}": partial(turned, degrees=d) for d in (7, 45, 90, 180, 270)},
    **{f"blurred by {r}": partial(blurred, radius=r) for r in (1, 2, 3)},
    **{f"scaled by {f}": partial(scaled, factor=f) for f in (0.3, 0.4, 0.77, 2.5)},
    **{f"with noise {s}": partial(noisy, sigma=s) for s in (60, 120)},
    **{f"as JPEG of quality {q}": partial(jpeg, quality=q) for q in (60, 20, 8)},
    "seen from the side": tilted,
    "in the dark": dim,
    "inverted": lambda picture: picture.point(lambda value: 255 - value),
    "mirrored": lambda picture: picture.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT),
    "in a large photo": lambda picture: on_a_table(picture, (3000, 2200), (1900, 900)),
    "turned, blurred, noisy, as JPEG": worn,
}


def file_of(picture: Pillow.Image, file_format: str = "PNG") -> bytes:
    file = BytesIO()
    picture.save(file, file_format)
    return file.getvalue()


def shown(text: str, *, dark: bool) -> Pillow.Image:
    """Return what a terminal shows after it got ``text``; ``dark``: light letters on black."""
    lines = text.split("\n")
    screen = pyte.Screen(120, len(lines) + 4)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    ink_of = {"default": 230 if dark else 20, "000000": 0, "ffffff": 255}
    paper_of = ink_of | {"default": 20 if dark else 230}
    pixels = Pillow.new("L", (120, 2 * screen.lines))
    halves = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}
    for y in range(screen.lines):
        for x in range(120):
            cell = screen.buffer[y][x]
            for half, inked in enumerate(halves[cell.data]):
                tone = ink_of[cell.fg] if inked else paper_of[cell.bg]
                pixels.putpixel((x, 2 * y + half), tone)
    return scaled(pixels, 1).resize((120 * 6, 2 * screen.lines * 6), Pillow.Resampling.NEAREST)


@pytest.mark.parametrize("text", TEXTS, ids=len)
def test_what_is_written_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "code.png"
    qr.write_png(text, path)
    assert qr.read(path) == qr.read(path.read_bytes()) == qr.read(qr.write(text)) == text
    assert path.stat().st_size < 10_000


@pytest.mark.parametrize("change", CHANGES)
def test_a_degraded_picture_is_read(change: str) -> None:
    picture = CHANGES[change](qr.write(TWO))
    assert qr.read(picture) == TWO


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_files_of_all_formats_are_read(file_format: str) -> None:
    assert qr.read(file_of(qr.write(TWO), file_format)) == TWO


def test_a_code_on_transparent_ground_is_read() -> None:
    code = qr.write(TWO)
    clear = Pillow.new("RGBA", code.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=code.point(lambda value: 255 - value))
    assert qr.read(clear) == qr.read(file_of(clear)) == TWO


@pytest.mark.parametrize("colours", [True, False])
@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("text", TEXTS[:3], ids=len)
def test_a_code_on_a_terminal_is_read(text: str, *, dark: bool, colours: bool) -> None:
    assert qr.read(shown(qr.terminal(text, 100, colours=colours), dark=dark)) == text


@pytest.mark.parametrize("text", [TEXTS[0], TEXTS[1], TEXTS[2]], ids=len)
def test_a_code_fits_into_80_columns_with_an_empty_zone(text: str) -> None:
    lines = qr.terminal(text, 80, colours=False).split("\n")
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(lines[0]) <= 80
    assert len(lines) <= 40
    assert all(line.startswith("\u2588") and line.endswith("\u2588") for line in lines)
    assert set(lines[0]) == {"\u2588"}


def test_the_widest_code_for_80_columns_has_77() -> None:
    text = "GRAPHCHAT:INVITE/".ljust(758, "A")  # as much as version 15 holds at level L
    assert len(qr.terminal(text, colours=False).split("\n")[0]) == 79
    assert qr.read(shown(qr.terminal(text), dark=True)) == text
    with pytest.raises(CodeError, match="needs a terminal of 83 columns; this one has 80"):
        qr.terminal(text + "A")


def test_a_terminal_that_is_too_narrow_is_told_how_wide_it_must_be() -> None:
    with pytest.raises(CodeError) as caught:
        qr.terminal(TWO, 40)
    needed = re.search(r"needs a terminal of (\d+) columns; this one has 40", str(caught.value))
    assert needed
    assert qr.terminal(TWO, int(needed[1]))
    with pytest.raises(CodeError):
        qr.terminal(TWO, int(needed[1]) - 1)


def test_the_longest_code_still_has_a_picture() -> None:
    text = "GRAPHCHAT:INVITE/" + "A" * 3300
    assert qr.read(qr.write(text)) == text
    with pytest.raises(CodeError, match="too long for a QR code"):
        qr.write("GRAPHCHAT:INVITE/" + "A" * (MAX_CODE - 17))


def test_a_link_with_a_code_is_found_too() -> None:
    link = f"https://graphchat.example/join#{TEXTS[0]}"
    assert Code.parse(qr.read(qr.write(link))) == Code.parse(TEXTS[0])


def other(text: str) -> Pillow.Image:
    file = BytesIO()
    segno.make_qr(text).save(file, kind="png", scale=8)
    return Pillow.open(file).convert("L")


def test_the_graphchat_code_is_picked_among_others() -> None:
    table = on_a_table(other("https://shop.example/"), (1600, 1000), (40, 40))
    table.paste(other("WIFI:S:cafe;;"), (40, 500))
    table.paste(qr.write(TWO), (800, 200))
    assert qr.read(table) == TWO


def test_the_same_code_twice_is_no_question_but_two_codes_are() -> None:
    table = on_a_table(qr.write(TWO), (1800, 1000), (50, 50), (900, 200))
    assert qr.read(table) == TWO
    table.paste(qr.write(TEXTS[0]), (900, 200))
    with pytest.raises(CodeError, match=r"several graphchat codes\. Cut out"):
        qr.read(table)


def test_another_qr_code_is_named_so_without_quoting_it() -> None:
    with pytest.raises(CodeError, match=r"no graphchat code\. Ask for one") as caught:
        qr.read(other("https://evil.example/\x1b[2J"))
    assert "evil" not in str(caught.value)
    with pytest.raises(CodeError, match="no graphchat code"):
        qr.read(other("1" * 7000))


def test_a_picture_without_a_code_says_what_to_do() -> None:
    for picture in (Pillow.new("L", (300, 300), 255), Pillow.effect_noise((600, 600), 90)):
        with pytest.raises(CodeError, match=r"No QR code was found.*ask for the link instead"):
            qr.read(picture)


def test_a_code_that_is_half_covered_is_not_guessed() -> None:
    picture = qr.write(TWO)
    picture.paste(255, (picture.width // 2, 0, picture.width, picture.height))
    with pytest.raises(CodeError, match="No QR code"):
        qr.read(picture)


def test_files_that_are_no_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "code.png"
    for data, says in (
        (b"", "no PNG"),
        (b"%PDF-1.7", "no PNG"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
    ):
        path.write_bytes(data)
        for source in (path, data):
            with pytest.raises(CodeError, match=says):
                qr.read(source)


def test_a_file_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.png", tmp_path):
        with pytest.raises(CodeError, match="cannot be read: "):
            qr.read(path)


def test_a_picture_with_too_many_pixels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodeError, match="too many pixels"):
        qr.read(Pillow.new("L", (6000, 4001)))
    with pytest.raises(CodeError, match="more than 24 million"):
        qr.read(file_of(Pillow.new("1", (6000, 4001))))


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse: it takes no room
    with pytest.raises(CodeError, match="larger than 32 MiB"):
        qr.read(path)

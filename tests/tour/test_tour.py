"""The scenes of the guide can be played, and the guide shows their pictures."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pyte
import pytest
from tests.tour.__main__ import PICTURES
from tests.tour.picture import draw
from tests.tour.scenes import SCENES, tour

GUIDE = PICTURES.parent / "guide.md"


def shown() -> set[str]:
    return set(re.findall(r"\]\(pictures/(\w+)\.svg\)", GUIDE.read_text()))


def test_the_guide_shows_every_picture_that_there_is() -> None:
    assert shown() == {path.stem for path in PICTURES.glob("*.svg")}


def test_a_picture_is_of_what_is_on_the_screen() -> None:
    screen = pyte.Screen(20, 5)
    pyte.Stream(screen).feed("plain \x1b[1;32m<green> & \u6f22\x1b[0m x\r\n \u2580")
    picture = ET.fromstring(draw("a & b", screen))
    texts = [found.text for found in picture.findall(".//{*}text")]
    assert texts == ["a & b", "plain", "<green> & \u6f22", " x"]
    # The ground, the half block; the empty lines are left out.
    assert len(picture.findall(".//{*}rect")) == 2
    assert "http" not in draw("", screen).replace("http://www.w3.org/2000/svg", "")


@pytest.mark.slow
def test_the_scenes_make_the_pictures_that_the_guide_shows(tmp_path: Path) -> None:
    with tour(tmp_path) as now:
        for scene in SCENES:
            scene(now)
    assert set(now.pictures) == shown()

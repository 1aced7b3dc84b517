"""Make the pictures of the guide anew: ``make pictures``."""

import tempfile
from pathlib import Path
from typing import Final

from rich.progress import track
from tests.tour.scenes import SCENES, tour

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, tour(Path(folder)) as now:
        for scene in track(SCENES, "Playing the scenes of the guide"):
            scene(now)
        PICTURES.mkdir(exist_ok=True)
        for name, picture in now.pictures.items():
            (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Runs the benchmarks of this folder, each in a process of its own: a table, and a JSON file.

A benchmark is a module with ``run(quick: bool)``, plain or async, that returns figures by name:
numbers or short texts, in nested dictionaries where that helps. Each name carries its unit.
"""

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from tests.bench._worker import Figure, Figures, run

HERE: Final = Path(__file__).parent
BUILD: Final = HERE.parent.parent / "build"
LIBRARIES: Final = ("graphchat", "hypercorn", "aiohttp", "cryptography", "pynacl", "msgspec")


def main() -> None:
    files = (path for path in HERE.glob("[!_]*.py") if not path.stem.startswith("test_"))
    known = sorted(path.stem for path in files)
    parser = argparse.ArgumentParser(prog="make bench", description="Measure speed and memory.")
    parser.add_argument("only", nargs="*", help=f"some of: {', '.join(known)} (all)")
    parser.add_argument("--quick", action="store_true", help="a look in seconds, not a figure")
    parser.add_argument("--out", type=Path, default=BUILD / "bench.json", help="where JSON goes")
    options = parser.parse_args()
    if unknown := set(options.only) - set(known):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    report: dict[str, Figures] = {"machine": machine(quick=options.quick)}
    console = Console()
    show(console, "machine", report["machine"])
    for name in options.only or known:
        start = time.perf_counter()
        report[name] = measured(name, quick=options.quick)
        show(console, f"{name} ({time.perf_counter() - start:.0f} s)", report[name])
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=2) + "\n")
    console.print(f"written to {options.out}")


def measured(name: str, *, quick: bool) -> Figures:
    """Run one benchmark in a fresh process, so that none warms or fills another's memory."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run, name, quick=quick).result()


def machine(*, quick: bool) -> Figures:
    """Return what the figures depend on, beyond the code."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "quick": str(quick).lower(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory (GiB)": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load before": round(os.getloadavg()[0], 2),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def commit() -> str:
    command = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def show(console: Console, title: str, figures: Figures) -> None:
    table = Table(title=title, title_justify="left", show_header=False, min_width=60)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for name, figure in rows(figures):
        table.add_row(name, readable(figure))
    console.print(table)


def readable(figure: Figure) -> str:
    match figure:
        case str():
            return figure
        case float() if abs(figure) < 1000:
            return f"{figure:.4g}"
    return f"{figure:,.0f}"


def rows(figures: Figures, above: str = "") -> Iterator[tuple[str, Figure]]:
    """Flatten nested figures: the names of the levels, joined by " / "."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from rows(value, f"{above}{name} / ")
        else:
            yield f"{above}{name}", value


if __name__ == "__main__":
    main()

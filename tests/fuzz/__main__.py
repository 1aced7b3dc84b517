"""Drives the targets with atheris, by coverage: each in a process of its own, for a time.

What it learned is kept in ``build/fuzz/NAME``; input that broke a promise in ``build/fuzz``.
"""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Final

BUILD: Final = Path(__file__).parent.parent.parent / "build" / "fuzz"
PACKAGES: Final = ["graphchat", "graphchat_relay", "graphchat_bots", "tests.fuzz"]
# The longest input: what is longer than a frame of an envelope of class M is refused by length.
LONGEST: Final = 16_384
FAILED: Final = 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="make fuzz", description="Fuzz the parsers.")
    parser.add_argument("names", nargs="*", help="targets of tests/fuzz/targets.py (all)")
    parser.add_argument("--seconds", type=int, default=60, help="time for each target")
    parser.add_argument("--drive", action="store_true", help="fuzz one target in this process")
    options = parser.parse_args()
    if options.drive:
        drive(options.names[0], options.seconds)
    names = options.names or list(importlib.import_module("tests.fuzz.targets").TARGETS)
    failed = [name for name in names if not fuzz(name, options.seconds)]
    print(f"{len(names) - len(failed)} parsers held, {len(failed)} failed: {failed}")  # noqa: T201
    sys.exit(FAILED if failed else 0)


def fuzz(name: str, seconds: int) -> bool:
    """Tell whether a target held for so long."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--drive", "--seconds", str(seconds)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    lines = done.stderr.splitlines()
    shown = lines if done.returncode else [line for line in lines if "DONE" in line]
    print(f"{name}:", *shown, sep="\n  ", flush=True)  # noqa: T201
    return done.returncode == 0


def drive(name: str, seconds: int) -> None:
    """Run libFuzzer in this process, which it ends."""
    import atheris  # noqa: PLC0415  an extra of its own

    corpus = BUILD / name
    corpus.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=PACKAGES):
        targets = importlib.import_module("tests.fuzz.targets")
        seeds = importlib.import_module("tests.fuzz.seeds")
    for number, seed in enumerate(seeds.SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = {
        "max_total_time": seconds,
        "max_len": LONGEST,
        "timeout": 10,
        "rss_limit_mb": 2048,
        "artifact_prefix": f"{BUILD}/{name}-",
    }
    arguments = [f"-{key}={value}" for key, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()

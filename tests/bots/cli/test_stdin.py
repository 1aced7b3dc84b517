import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphchat_bots.cli.stdin import lines

PROGRAM = (
    "import asyncio\n"
    "from graphchat_bots.cli.stdin import lines\n"
    "async def main():\n"
    "    async for line in lines():\n"
    "        print(repr(line), flush=True)\n"
    "        if line == 'leave':\n"
    "            return\n"
    "asyncio.run(main())\n"
)


class Descriptor:
    """Standard input, as far as it is needed."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number


async def read(monkeypatch: pytest.MonkeyPatch, data: bytes) -> list[str]:
    reading, writing = os.pipe()
    monkeypatch.setattr(sys, "stdin", Descriptor(reading))
    os.write(writing, data)
    os.close(writing)
    found = [line async for line in lines()]
    os.close(reading)
    return found


async def test_each_line_comes_without_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await read(monkeypatch, b"one\r\ntwo\n\nl\xc3\xb6we \xff") == [
        "one",
        "two",
        "",
        "löwe �",
    ]


async def test_no_input_is_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await read(monkeypatch, b"") == []


async def test_lines_longer_than_a_read_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await read(monkeypatch, b"x" * 10_000 + b"\ny") == ["x" * 10_000, "y"]


def test_input_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("one\ntwo\n")
    with (tmp_path / "input").open() as file:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], stdin=file, capture_output=True, text=True, check=True
        )
    assert done.stdout == "'one'\n'two'\n"


def test_a_process_can_end_while_nobody_types() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"leave\n")
        process.stdin.flush()
        assert process.wait(20) == 0
        assert process.stderr.read() == b""

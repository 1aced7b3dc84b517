"""Lines that somebody types, for an event loop, without keeping the process from ending."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import Final

CHUNK: Final = 4096
# A line longer than any message is cut.
MAX_LINE: Final = 400_000


async def lines() -> AsyncIterator[str]:
    """Yield each line of standard input, without its end; stop at the end of input."""
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    # A thread, for files and pipes and terminals behave alike there; a daemon, for nothing
    # can wake it; without the buffer of `sys.stdin`, whose lock it would hold at the end.
    threading.Thread(target=_read, args=(sys.stdin.fileno(), loop, chunks), daemon=True).start()
    rest = b""
    while chunk := await chunks.get():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield _text(line)
        rest = rest[:MAX_LINE]
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")


def _read(descriptor: int, loop: asyncio.AbstractEventLoop, chunks: asyncio.Queue[bytes]) -> None:
    chunk = b"?"
    while chunk:
        try:
            chunk = os.read(descriptor, CHUNK)
            loop.call_soon_threadsafe(chunks.put_nowait, chunk)
        except (OSError, RuntimeError):  # closed, or the loop has ended
            return

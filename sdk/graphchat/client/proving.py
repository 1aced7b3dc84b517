"""Working for a request at an address that wants it, in a thread, a piece at a time."""

import asyncio
from collections.abc import Callable
from typing import Final

from graphchat.codes import Code
from graphchat.crypto import work

# Tries in one go: a tenth of a second, after which somebody may have had enough.
PIECE: Final = 100_000

Progress = Callable[[int, int], None]
"""Hears how many tries were made, and how many it takes on average."""


async def prove(code: Code, ckb: bytes, progress: Progress) -> bytes:
    """Return the nonce that ``code`` wants for the key ``ckb``; empty if it wants none."""
    if not code.work:
        return b""
    done, code_hash = 0, code.hash
    while True:
        found = await asyncio.to_thread(work.search, code_hash, ckb, code.work, done, PIECE)
        if found is not None:
            return found
        done += PIECE
        progress(done, 1 << code.work)

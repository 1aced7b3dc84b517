"""What a running relay takes up without a restart: tokens, and a certificate that was renewed."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from graphchat.errors import GraphchatError

# Seconds between two looks. Files that are mounted tell nobody of their changes.
LOOK: Final = 2.0
LOG: Final = logging.getLogger("graphchat_relay")

Stamp = tuple[tuple[int, int, int] | None, ...]


def stamp(files: tuple[Path, ...]) -> Stamp:
    """Return what changes when one of ``files`` is written, replaced or deleted."""

    def of(path: Path) -> tuple[int, int, int] | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    return tuple(map(of, files))


@dataclass(slots=True)
class Watched:
    """Files, and what to do when one of them has changed."""

    what: str
    files: tuple[Path, ...]
    take: Callable[[], None]
    """Raises `GraphchatError` or `OSError` for files that cannot be used: what was, stays."""
    seen: Stamp = field(init=False)

    def __post_init__(self) -> None:
        self.seen = stamp(self.files)

    def look(self) -> bool:
        """Tell whether something has changed since the last look."""
        before, self.seen = self.seen, stamp(self.files)
        return before != self.seen

    def renew(self) -> None:
        """Take up what is there now."""
        try:
            self.take()
        except (GraphchatError, OSError) as error:
            # By its kind only: a text or a trace may quote what is in a file.
            kind = type(error).__name__
            LOG.error("the new %s cannot be used, the old stays: %s", self.what, kind)  # noqa: TRY400 - see above


async def watch(watched: list[Watched]) -> None:
    """Look at all of them until cancelled."""
    while True:
        await asyncio.sleep(LOOK)
        for each in watched:
            # Whoever connected while another thread exchanges a certificate would meet half of it.
            if await asyncio.to_thread(each.look):
                each.renew()

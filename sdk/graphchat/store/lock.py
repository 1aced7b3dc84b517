"""A lock on a file that one process holds, and that the system takes back when it dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphchat.errors import StoreBusyError

if sys.platform == "win32":
    import msvcrt

    def _seize(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _seize(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock, or raise `StoreBusyError` at once, also if this process itself has it.

    The file stays: if it were deleted, two processes could hold locks on two files of one name.
    """
    # Not inheritable: a child must not keep the lock after us.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            _seize(descriptor)
        except OSError:
            raise StoreBusyError from None
        yield
    finally:
        os.close(descriptor)

"""In which forms a secret could be found in files and texts."""

import base64
from collections.abc import Iterable
from pathlib import Path


def writings(value: bytes) -> set[bytes]:
    """Return the ways to write the first bytes of ``value``: raw, and as texts."""
    start = value[:24]
    whole = start[: len(start) // 3 * 3]
    return {
        start,
        start.hex().encode(),
        start.hex().upper().encode(),
        base64.b64encode(whole),
        base64.urlsafe_b64encode(whole),
        base64.b32encode(start[: len(start) // 5 * 5]),
        repr(start)[2:-1].encode(),
    }


def found(secrets: Iterable[bytes], text: bytes) -> list[bytes]:
    """Return the forms of ``secrets`` that are in ``text``."""
    return [form for secret in secrets for form in writings(secret) if form in text]


def contents(folder: Path) -> bytes:
    """Return the raw bytes of everything below ``folder``."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())

"""What ``graphchat relay init`` does."""

import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from graphchat.clock import SystemClock
from graphchat.wire.base64url import to_text
from graphchat.wire.uri import fingerprint
from graphchat_relay.identity import load_identity, write_certificate
from graphchat_relay.settings import IDENTITY_FILE


@dataclass(frozen=True, slots=True)
class Made:
    fingerprint: str
    identity: str
    certfile: str
    keyfile: str


def make(home: Path, host: str) -> Made:
    """Make what is missing; an identity that is there stays. Raises `StoreError`."""
    path = home / "relay" / IDENTITY_FILE
    key = load_identity(path, SystemClock())
    certfile, keyfile = write_certificate(key, host, path.parent)
    return Made(to_text(fingerprint(key.public)), str(path), str(certfile), str(keyfile))


def show(made: Made, *, json: bool) -> None:
    if json:
        sys.stdout.write(msgspec.json.encode(made).decode() + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("what", "value", title="This relay")
    for field, value in _rows(made):
        table.add_row(field, value)
    Console().print(table)


def _rows(made: Made) -> list[tuple[str, str]]:
    return [(name, getattr(made, name)) for name in made.__slots__]

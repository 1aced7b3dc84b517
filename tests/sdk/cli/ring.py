"""A keyring in a file, for tests: named by RING."""

import os
from pathlib import Path

import msgspec
from keyring.backend import KeyringBackend


class Ring(KeyringBackend):
    """Keeps passwords where nobody should."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return _entries().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        _file().write_bytes(msgspec.json.encode(_entries() | {f"{service} {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        entries = _entries()
        del entries[f"{service} {username}"]
        _file().write_bytes(msgspec.json.encode(entries))


def _file() -> Path:
    return Path(os.environ["RING"])


def _entries() -> dict[str, str]:
    if not _file().exists():
        return {}
    return msgspec.json.decode(_file().read_bytes(), type=dict[str, str])

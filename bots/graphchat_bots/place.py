"""Where a bot keeps its data, and which relays it is to receive through."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from platformdirs import user_data_dir

HOME: Final = "GRAPHCHAT_HOME"
RELAYS: Final = "GRAPHCHAT_RELAYS"

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bot lives: its home, and the relays that it is to receive through."""

    home: Path
    relays: tuple[str, ...]

    @classmethod
    def of(
        cls, environ: Mapping[str, str], home: Path | None, relays: Sequence[str] | None
    ) -> Self:
        """Return what was given, else what the environment says, else the usual."""
        chosen = home or Path(environ.get(HOME) or user_data_dir("graphchat"))
        return cls(chosen, tuple(environ.get(RELAYS, "").split() if relays is None else relays))

    def folder(self, name: str) -> Path:
        """Return the folder of the bot ``name``: two names never share one."""
        safe = _UNSAFE.sub("-", name)[:40]
        mark = "" if safe == name and name else "-" + sha256(name.encode()).hexdigest()[:8]
        return self.home / "bots" / (safe + mark)

    def database(self, name: str) -> Path:
        """Return the file of the bot's client; its passphrase opens the others too."""
        return self.folder(name) / "client.db"

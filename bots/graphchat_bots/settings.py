"""What can be set from outside: by the environment, by ``bot.toml``, by arguments.

Arguments win over the file, and the file over the environment.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec

from graphchat_bots.errors import SettingsError
from graphchat_bots.limits import Limits

FILE: Final = "bot.toml"

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class LimitsTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[NAME.limits]``: what is not there is as in `Limits`."""

    tries: Annotated[int, msgspec.Meta(ge=1)] | None = None
    patience: Seconds | None = None
    drain: Seconds | None = None

    def limits(self) -> Limits:
        found = Limits()
        if self.tries is not None:
            found = replace(found, tries=self.tries)
        if self.patience is not None:
            found = replace(found, patience=timedelta(seconds=self.patience))
        if self.drain is not None:
            found = replace(found, drain=timedelta(seconds=self.drain))
        return found


class Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[NAME]``: what is set for one bot."""

    home: str | None = None
    relays: list[str] | None = None
    health: str | None = None
    plugins: list[str] = msgspec.field(default_factory=list)
    limits: LimitsTable | None = None


def read(name: str, folders: Sequence[Path]) -> Table:
    """Return the table of the bot ``name`` in the first ``bot.toml`` that has one.

    Raises `SettingsError` for a file that cannot be read, and a key that is none.
    """
    for folder in folders:
        path = folder / FILE
        if path.is_file():
            table = _tables(path).get(name)
            if table is not None:
                return _convert(path, name, table)
    return Table()


def _tables(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None


def _convert(path: Path, name: str, table: object) -> Table:
    try:
        return msgspec.convert(table, Table)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}, [{name}]: {error}".replace("`$.", "`")) from None

"""How often a person may ask for something: ``5/min``, and who is told to wait."""

import re
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Final

from graphchat_bots.speech import gettext, ngettext

MAX_COUNT: Final = 10_000
MAX_SPAN: Final = 7 * 86400.0
# Windows that are kept; of more, the one that began first is forgotten.
MAX_WINDOWS: Final = 10_000

_RATE: Final = re.compile(r"(\d{1,5}) ?/ ?(\d{0,6}) ?([a-z]+)", re.ASCII)
_UNITS: Final = MappingProxyType({"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0})
_ALSO: Final = MappingProxyType(
    {"sec": "s", "second": "s", "m": "min", "minute": "min", "hour": "h", "day": "d"}
)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds, counted from the first."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Return what "5/min", "10/h" or "1/10s" says; raise `ValueError` if it says nothing.

        At most 10,000, in at most a week.
        """
        found = _RATE.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(text)
        unit = found[3] if found[3] in _UNITS else _ALSO.get(found[3].removesuffix("s"), "")
        count, seconds = int(found[1]), int(found[2] or 1) * _UNITS.get(unit, 0)
        if not (0 < count <= MAX_COUNT and 0 < seconds <= MAX_SPAN):
            raise ValueError(text)
        return cls(count, seconds)


@dataclass(frozen=True, slots=True)
class Refusal:
    """It was too much."""

    seconds: float
    """Until it may be asked again."""
    first: bool
    """Whether nobody was told in this window yet: one sentence answers it, then nothing."""

    def __str__(self) -> str:
        text = gettext("That is too much at once. Try again in {span}.")
        return text.format(span=span(self.seconds))


@dataclass(slots=True)
class _Window:
    began: float
    used: int = 0
    told: bool = False
    last: str = ""
    verdict: Refusal | None = None


class Limiter:
    """Counts by key, in memory: a restart forgets it."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, key: tuple[str, str], event: str, rate: Rate, now: float) -> Refusal | None:
        """Count one use; return a refusal if it is too much.

        The same event again, because its handler has failed, is not counted again.
        """
        window = self._windows.get(key)
        if window is None or not 0 <= now - window.began < rate.seconds:
            window = self._begin(key, now)
        if window.last != event:
            window.last = event
            window.verdict = _judge(window, rate, now)
        return window.verdict

    def _begin(self, key: tuple[str, str], now: float) -> _Window:
        self._windows.pop(key, None)
        if len(self._windows) >= MAX_WINDOWS:
            del self._windows[next(iter(self._windows))]
        window = self._windows[key] = _Window(now)
        return window


def _judge(window: _Window, rate: Rate, now: float) -> Refusal | None:
    if window.used < rate.count:
        window.used += 1
        return None
    first, window.told = not window.told, True
    return Refusal(window.began + rate.seconds - now, first)


def span(seconds: float) -> str:
    """Say a time in words, never too short: "2 minutes"."""
    # Translators: all of these complete "Try again in ...".
    if seconds > 2 * 86400:
        count = ceil(seconds / 86400)
        return ngettext("{count} day", "{count} days", count).format(count=count)
    if seconds > 2 * 3600:
        count = ceil(seconds / 3600)
        return ngettext("{count} hour", "{count} hours", count).format(count=count)
    if seconds > 2 * 60:
        count = ceil(seconds / 60)
        return ngettext("{count} minute", "{count} minutes", count).format(count=count)
    count = max(ceil(seconds), 1)
    return ngettext("{count} second", "{count} seconds", count).format(count=count)

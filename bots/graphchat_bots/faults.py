"""What is wrong with how a bot is written: a sentence, and the place in its source."""

import inspect
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, with the function or class that it is about."""

    text: str
    about: object

    def line(self) -> str:
        """Return ``file:line: text`` as compilers do, or the text if the place is not known."""
        place = self.place()
        return f"{place}: {self.text}" if place else self.text

    def place(self) -> str:
        """Return ``file:line``, or nothing if that is not known."""
        return _place(self.about)


def _place(about: object) -> str:
    try:
        assert callable(about)
        target = inspect.unwrap(about)
        file, (_, line) = inspect.getsourcefile(target), inspect.getsourcelines(target)
    except (AssertionError, OSError, TypeError, ValueError, SyntaxError):
        return ""  # made at run time, or not a function at all
    path = Path(file or "")
    inside = path.is_relative_to(Path.cwd())
    return f"{os.path.relpath(path) if inside else path}:{line}"

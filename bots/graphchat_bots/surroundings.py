"""What a runtime is given by whoever starts it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from graphchat_bots.figures import Figures
from graphchat_bots.inlet import Inlet
from graphchat_bots.limits import Limits
from graphchat_bots.provided import NOTHING, Provided
from graphchat_bots.timer import SystemTimer, Timer


def _ignore(error: Exception) -> None:
    """Leave it to the log."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a runtime is given by whoever starts it."""

    timer: Timer = field(default_factory=SystemTimer)
    limits: Limits = field(default_factory=Limits)
    provided: Provided = field(default_factory=lambda: NOTHING)
    """What the bot's providers have made."""
    inlet: Inlet | None = None
    """Where its providers bring things in."""
    folder: Path | None = None
    """Where the bot lives: invitations to roles are found there."""
    failed: Callable[[Exception], None] = _ignore
    """Is told each failure of a handler: a test fails then."""
    figures: Figures = field(default_factory=Figures)

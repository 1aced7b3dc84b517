"""All that one bot needs to run."""

from dataclasses import dataclass

from graphchat_bots.limits import Limits
from graphchat_bots.place import Place
from graphchat_bots.plan import Plan


@dataclass(frozen=True, slots=True)
class Setup:
    """A bot as it was written, and what was set from outside."""

    plan: Plan
    limits: Limits
    place: Place
    health: str | None = None
    """The address at which its health is served, such as ``127.0.0.1:9464``."""

    @property
    def name(self) -> str:
        return self.plan.name

"""The commands ``graphchat bot`` and ``graphchat demo``."""

from graphchat_bots.cli.app import app
from graphchat_bots.cli.demo import demo

__all__ = ["app", "demo"]

"""Who takes which message for programs: one table of all features that speak by control frames.

A feature is a module beside this one with a function for each of its messages. It gets the unit
in which the frame arrived, so what it changes and what it says are stored with it, or not at all.
"""

from collections.abc import Mapping
from typing import Final

from graphchat.client.context import ControlHandler
from graphchat.content import Message

HANDLERS: Final[Mapping[type[Message], ControlHandler]] = {}

"""The relay: a server that stores and forwards sealed envelopes for parties it does not know."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphchat_relay.app import create_app
    from graphchat_relay.settings import RelaySettings

__all__ = ["RelaySettings", "create_app"]

_HOMES = {"RelaySettings": "graphchat_relay.settings", "create_app": "graphchat_relay.app"}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: `graphchat --help` passes through this package.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

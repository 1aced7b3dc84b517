"""Parts of bots that other distributions bring, by the entry points of this group.

Nothing is loaded that a bot has not named: what is installed is not what is wanted.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final, TypeVar

from graphchat_bots.router import Router

GROUP: Final = "graphchat_bots.plugins"

B = TypeVar("B")


class PluginFaultError(Exception):
    """A plugin cannot be used; the text says why."""


def load(name: str) -> Router | Callable[[B], object]:
    """Return what the plugin ``name`` is: a router, or a function that takes the bot.

    Raises `PluginFaultError`.
    """
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise PluginFaultError(f"plugin {name}: nothing that is installed brings it")
    if len(found) > 1:
        brought = " and ".join(sorted(each.dist.name if each.dist else "?" for each in found))
        raise PluginFaultError(f"plugin {name}: {brought} both bring it; remove one")
    (entry,) = found
    try:
        plugin = entry.load()
    except Exception as error:
        raise PluginFaultError(
            f"plugin {name}: {entry.value} cannot be loaded ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(plugin, Router) and not callable(plugin):
        raise PluginFaultError(
            f"plugin {name}: {entry.value} is no Router, and no function that takes the bot"
        )
    return plugin  # type: ignore[no-any-return]  # a function is believed

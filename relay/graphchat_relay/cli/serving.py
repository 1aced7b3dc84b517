"""What ``graphchat relay serve`` does.

Little is imported before the signals are taken: process 1 of a container ignores SIGTERM until
somebody listens.
"""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphchat_relay.server import RelayServer
    from graphchat_relay.settings import RelaySettings


def take_signals() -> None:
    """End at once on SIGTERM, until the loop knows how to end well."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def run(home: Path, config: Path | None, options: dict[str, Any]) -> str | None:
    """Run a relay; return what went wrong, if something did."""
    import asyncio

    from pydantic import ValidationError

    from graphchat.errors import GraphchatError
    from graphchat_relay.settings import RelaySettings

    try:
        settings = RelaySettings.load(config, home / "relay", **options)
        asyncio.run(_serve(settings))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(map(str, first["loc"])) or "settings"
        return f"The setting {name} cannot be used: {first['msg']}."
    except GraphchatError as error:
        return str(error)
    except BaseExceptionGroup as group:
        # A task of the server failed; the first failure says why.
        known, other = group.split(GraphchatError)
        if known is None or other is not None:
            raise
        return str(_first(known))
    except (OSError, ValueError) as error:  # of the settings file
        return f"The settings cannot be read: {error}."
    return None


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _serve(settings: "RelaySettings") -> None:
    import asyncio

    from graphchat_relay.server import RelayServer

    server = RelayServer(settings)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(note)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.run(lambda: _announce(server))


def note(loop: object, context: dict[str, Any]) -> None:
    """Log what failed by its type only: its text may quote what a client sent."""
    import asyncio
    import logging

    error = context.get("exception")
    if isinstance(error, asyncio.CancelledError):
        return  # asyncio's streams tell so of a connection that was open when we were stopped
    kind = type(error).__name__
    logging.getLogger("graphchat_relay").error("a task of the server failed: %s", kind)


def _announce(server: "RelayServer") -> None:
    """Print the one line that everybody waits for."""
    text = server.address.text
    print(f"relay ready {text}", flush=True)  # noqa: T201 - the interface
    if server.private_uri is not None:
        print(f"probes and figures: {server.private_uri}/readyz", file=sys.stderr)  # noqa: T201 - as above
    if sys.stdout.isatty():
        import segno

        segno.make(text, error="l", micro=False).terminal(compact=True)

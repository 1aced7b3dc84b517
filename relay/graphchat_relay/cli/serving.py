"""What ``graphchat relay serve`` does.

Little is imported before the signals are taken: process 1 of a container ignores SIGTERM until
somebody listens.
"""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError

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
        return explain(error)
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


def explain(error: "ValidationError") -> str:
    """Return what is wrong with a setting, in words for people."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    match first["type"]:
        case "extra_forbidden":
            return f"There is no setting {name}. Those that there are: docs/operate.md."
        case "value_error":  # our own sentence
            return str(first["msg"]).removeprefix("Value error, ")
        case _ if name == "create_tokens":
            return "The setting create_tokens: a token has 1 to 128 letters, digits, - or _."
        case _:
            wish = str(first["msg"]).replace("Input should", "It should", 1)
            return f"The setting {name} cannot be used. {wish}."


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _serve(settings: "RelaySettings") -> None:
    import asyncio

    from graphchat_relay.app import identity_file
    from graphchat_relay.server import RelayServer

    key = identity_file(settings)
    made = None if key is None or key.exists() else key
    server = RelayServer(settings)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(note)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.run(lambda: _announce(server, made))


def note(loop: object, context: dict[str, Any]) -> None:
    """Log what failed by its type only: its text may quote what a client sent."""
    import asyncio
    import logging

    error = context.get("exception")
    if isinstance(error, asyncio.CancelledError):
        return  # asyncio's streams tell so of a connection that was open when we were stopped
    kind = type(error).__name__
    logging.getLogger("graphchat_relay").error("a task of the server failed: %s", kind)


def _announce(server: "RelayServer", made: Path | None) -> None:
    """Print the one line that everybody waits for, and what its operator should know."""
    text = server.address.text
    print(f"relay ready {text}", flush=True)  # noqa: T201 - the interface
    if server.private_uri is not None:
        print(f"probes and figures: {server.private_uri}/readyz", file=sys.stderr)  # noqa: T201 - as above
    if made is not None:
        print(f"a new key, by which clients know this relay; keep a copy: {made}", file=sys.stderr)  # noqa: T201 - as above
    if sys.stdout.isatty():
        import segno

        segno.make(text, error="l", micro=False).terminal(compact=True)

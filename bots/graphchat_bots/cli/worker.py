"""The process in which ``graphchat bot dev`` runs a bot: it ends with whoever has started it."""

import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import typer

from graphchat.cli.errors import FAILED, report
from graphchat.cli.output import be_robust, say
from graphchat.errors import GraphchatError
from graphchat.store import passphrase
from graphchat_bots import fleet
from graphchat_bots.bot import Bot
from graphchat_bots.cli.target import load


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is to run."""

    target: str
    home: Path
    relays: tuple[str, ...] | None
    announce: bool
    """Whether to show the link."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says once it has loaded its bot; the passphrase is the answer."""

    database: Path
    drain: float
    """Seconds that its stop may take."""


def work(order: Order, pipe: Connection) -> None:
    """Run the bot in this process until SIGTERM, or until the other end of ``pipe`` is closed."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for whoever has started us, who tells us
    be_robust()
    try:
        bot = load(order.target)
        if _tell_faults(bot):
            sys.exit(FAILED)
        place = bot.place(home=order.home, relays=order.relays)
        pipe.send(Ready(place.database(bot.name), bot.limits.drain.total_seconds()))
        if secret := pipe.recv():
            os.environ[passphrase.VARIABLE] = secret
        threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
        fleet.run(bot.setup(home=order.home, relays=order.relays), announce=order.announce)
    except EOFError:  # whoever has started us is gone
        sys.exit(FAILED)
    except (GraphchatError, ExceptionGroup, OSError, typer.Abort, KeyboardInterrupt) as error:
        sys.exit(report(error))


def _tell_faults(bot: Bot) -> bool:
    faults = bot.faults()
    for fault in faults:
        say(fault.line())
    return bool(faults)


def _end_with(pipe: Connection) -> None:
    try:
        pipe.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)

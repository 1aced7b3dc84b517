"""What can be wrong round a bot: its code, its files, its relays, and what waits in its store."""

import asyncio
import os
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import graphchat
from graphchat.client.proxying import stored as stored_proxy
from graphchat.clock import SystemClock
from graphchat.errors import GraphchatError, StoreBusyError
from graphchat.store import Cursor, files, lock, passphrase
from graphchat.store.schema import CLIENT, App
from graphchat.transport import HttpTransport
from graphchat.wire.uri import RelayAddress
from graphchat_bots.cli.found import Found
from graphchat_bots.place import HOME
from graphchat_bots.store import BOT
from graphchat_bots.store.reading import reading

State = Literal["ok", "warn", "fail"]

# Bytes on the disk below which a bot may soon stop, and below which it cannot start.
LITTLE: Final = 2**30
TOO_LITTLE: Final = 64 * 2**20
# Seconds that a relay has for its answer.
PATIENCE: Final = 5.0
# Seconds after which a job that is due should have run.
LATE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    state: State
    found: str
    do: str = ""
    """What to do about it."""


def examine(found: Found) -> Iterator[Finding]:
    """Look at everything, and change nothing; a bot that runs is not disturbed."""
    yield _code(found)
    yield Finding("versions", "ok", f"graphchat {graphchat.__version__}, Python {_python()}")
    yield from _home(found)
    if not found.client.exists():
        do = f"graphchat bot run {found.target}"
        yield Finding("data", "warn", "none: it has not run here yet", do)
        relays = list(found.place.relays)
        if not relays:
            yield Finding("relays", "fail", "none is named", f"{do} --relay URI")
        yield from _relays(relays, None)
        return
    yield _passphrase(found)
    running = _is_running(found)
    yield from _data(found, running=running)


def _code(found: Found) -> Finding:
    if faults := found.bot.faults():
        do = f"graphchat bot check {found.target}"
        return Finding("code", "fail", f"{len(faults)} wrong, such as: {faults[0].line()}", do)
    return Finding("code", "ok", "nothing is wrong")


def _python() -> str:
    return platform.python_version()


def _home(found: Found) -> Iterator[Finding]:
    home = found.place.home
    source = f", from {HOME}" if os.environ.get(HOME) == str(home) else ""
    there = next(path for path in (home, *home.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        do = "check its rights, or name another: graphchat --home DIR"
        yield Finding("home", "fail", f"{home}{source}: cannot be written", do)
        return
    yield Finding("home", "ok", f"{home}{source}")
    free = shutil.disk_usage(there).free
    state: State = "fail" if free < TOO_LITTLE else "warn" if free < LITTLE else "ok"
    do = "" if state == "ok" else "make room, or name another home: graphchat --home DIR"
    yield Finding("disk", state, f"{free // 2**20:,} MiB are free", do)


def _passphrase(found: Found) -> Finding:
    if not passphrase.protected(found.client):
        return Finding("passphrase", "ok", "none: the key lies in a file beside the data")
    if os.environ.get(passphrase.VARIABLE):
        return Finding("passphrase", "ok", f"from {passphrase.VARIABLE}")
    if passphrase.recall(found.client) is not None:
        return Finding("passphrase", "ok", "from the keyring")
    do = f"set {passphrase.VARIABLE}, so that it starts without you"
    return Finding("passphrase", "warn", "typed by a person", do)


def _is_running(found: Found) -> bool:
    try:
        with lock.exclusive(files.Files.of(found.client).lock):
            return False
    except StoreBusyError:
        return True


def _data(found: Found, *, running: bool) -> Iterator[Finding]:
    secret = found.secret()
    relays, proxy = list(found.place.relays), None
    for path, app in ((found.client, CLIENT), (found.store, BOT)):
        try:
            with reading(path, secret) as cursor:
                yield _database(path, cursor, app)
                if app is CLIENT:
                    known = cursor.execute("SELECT address FROM client_relay ORDER BY position")
                    relays += [text for (text,) in known.fetchall() if text not in relays]
                    proxy = stored_proxy(cursor)
                else:
                    yield from _store(found, cursor, running=running)
        except GraphchatError as error:
            yield Finding(path.name, "fail", str(error), "restore a backup: graphchat bot restore")
    yield from _relays(relays, proxy)


def _database(path: Path, cursor: Cursor, app: App) -> Finding:
    size = f"{max(1, path.stat().st_size // 1024):,} KiB"
    (version,) = cursor.execute("PRAGMA user_version").fetchall()[0]
    if version > app.version:
        return Finding(path.name, "fail", f"{size}, of a newer version", "update graphchat")
    for pragma in ("cipher_integrity_check", "quick_check"):
        if cursor.execute(f"PRAGMA {pragma}").fetchall() not in ([], [("ok",)]):
            do = "restore a backup: graphchat bot restore"
            return Finding(path.name, "fail", f"{size}, damaged", do)
    return Finding(path.name, "ok", f"{size}, whole, schema {version} of {app.version}")


def _store(found: Found, cursor: Cursor, *, running: bool) -> Iterator[Finding]:
    facts: dict[str, int] = dict(cursor.execute("SELECT name, value FROM bot_fact").fetchall())
    if running:
        yield Finding("process", "ok", "it runs now")
    elif facts.get("running"):
        do = "nothing: it loses nothing; if it happens often, look into its log"
        yield Finding("process", "warn", "stopped, and the last end was no orderly one", do)
    else:
        yield Finding("process", "ok", "stopped in good order")
    (dead,) = cursor.execute("SELECT count(*) FROM bot_dead_letter").fetchall()[0]
    do = f"graphchat bot dead-letter list {found.target}" if dead else ""
    yield Finding("dead letters", "warn" if dead else "ok", str(dead), do)
    late = SystemClock().now() - LATE
    query = "SELECT count(*), coalesce(sum(due < ?), 0) FROM bot_job"
    jobs, overdue = cursor.execute(query, (late,)).fetchall()[0]
    do = f"start it: graphchat bot run {found.target}" if not running else "look into its log"
    yield Finding(
        "jobs",
        "warn" if overdue else "ok",
        f"{jobs}, of which {overdue} should have run by now",
        do if overdue else "",
    )
    (waiting,) = cursor.execute("SELECT count(*) FROM bot_outbox").fetchall()[0]
    yield Finding("outbox", "ok", f"{waiting} wait to leave")


def _relays(relays: list[str], proxy: str | None) -> Iterator[Finding]:
    yield from asyncio.run(_try_all([RelayAddress.parse(text) for text in relays], proxy))


async def _try_all(relays: list[RelayAddress], proxy: str | None) -> list[Finding]:
    transport = HttpTransport(SystemClock(), proxy=proxy)
    try:
        return await asyncio.gather(*(_try(transport, relay) for relay in relays))
    finally:
        await transport.close()


async def _try(transport: HttpTransport, relay: RelayAddress) -> Finding:
    name, began = f"relay {relay.base}", time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE):
            await transport.identify(relay)
    except TimeoutError:
        return Finding(name, "fail", f"no answer in {PATIENCE:.0f} seconds", "check the network")
    except GraphchatError as error:
        return Finding(name, "fail", str(error))
    took = round((time.perf_counter() - began) * 1000)
    return Finding(name, "ok", f"answers in {took} ms, with its fingerprint")

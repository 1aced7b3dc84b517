import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from graphchat_bots.cli.template import create
from graphchat_bots.cli.worker import Order, work
from graphchat_bots.local_relay import local_relay


@contextmanager
def working(order: Order) -> Iterator[tuple[SpawnProcess, Connection]]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(order, theirs))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()


async def test_a_worker_ends_with_whoever_has_started_it(tmp_path: Path) -> None:
    file = create("hello", tmp_path)
    async with local_relay(None) as relay:
        order = Order(str(file), tmp_path / "home", (relay,), announce=True)
        with working(order) as (process, pipe):
            ready = await asyncio.to_thread(pipe.recv)
            assert ready.database == tmp_path / "home" / "bots" / "hello" / "client.db"
            assert ready.drain == 20
            pipe.send(None)
            async with asyncio.timeout(60):
                while not ready.database.exists():  # noqa: ASYNC110 - it tells in no other way
                    await asyncio.sleep(0.01)
            pipe.close()
            await asyncio.to_thread(process.join, 60)
            assert process.exitcode in {0, -signal.SIGTERM}  # it may not run yet


def test_a_bot_that_cannot_be_loaded_ends_with_one(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    order = Order(str(tmp_path / "broken.py"), tmp_path / "home", None, announce=True)
    with working(order) as (process, pipe):
        process.join(60)
        assert process.exitcode == 1
        assert not pipe.poll() or _is_closed(pipe)


def _is_closed(pipe: Connection) -> bool:
    try:
        pipe.recv()
    except EOFError:
        return True
    return False

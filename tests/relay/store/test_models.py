import sqlite3
from pathlib import Path

from tests.relay.store.contract import added, message
from tortoise.context import TortoiseContext

from graphchat_relay.store.models import MessageModel, QueueModel
from graphchat_relay.store.schema import SQLITE_ALIAS, apps
from graphchat_relay.store.sqlite import SqliteStore


def schema(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return columns and indexes of each table, whatever they are named."""
    with sqlite3.connect(path) as db:
        found: dict[str, list[tuple[object, ...]]] = {}
        for table in ("relay_queue", "relay_message", "relay_setting"):
            found[table] = db.execute(f"PRAGMA table_info({table})").fetchall()
            for _, name, unique, *_ in db.execute(f"PRAGMA index_list({table})").fetchall():
                columns = [row[2] for row in db.execute(f"PRAGMA index_info('{name}')")]
                found[table].append(("index", unique, *columns))
            found[table].sort(key=str)
    db.close()
    return found


async def test_migrations_make_the_schema_that_the_models_describe(tmp_path: Path) -> None:
    await (await SqliteStore.open(tmp_path / "migrated.db")).close()
    context = TortoiseContext()
    engine = "graphchat_relay.store.sqlite_backend"
    path = tmp_path / "generated.db"
    connections = {SQLITE_ALIAS: {"engine": engine, "credentials": {"file_path": str(path)}}}
    with context:
        await context.init(config={"connections": connections, "apps": apps(SQLITE_ALIAS)})
        await context.generate_schemas()
        await context.close_connections()
    assert schema(tmp_path / "migrated.db") == schema(path)


async def test_an_operator_can_look_through_the_models(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "relay.db")
    queue = await added(store, "one")
    await store.write([message(queue.key, 1)], [])
    with store._context:
        assert (await QueueModel.get(key=queue.key)).recipient == queue.recipient
        assert (await MessageModel.get(queue=queue.key)).public_id == f"{1:016}"
    await store.close()

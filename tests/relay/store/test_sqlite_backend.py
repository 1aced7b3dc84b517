import logging
import threading
from pathlib import Path

import pytest
from tests.relay.store.contract import added, message

from graphchat.errors import StoreError
from graphchat_relay.store.sqlite import SqliteStore


async def test_the_medium_is_safe_and_leaves_no_traces(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "relay.db")
    found = {
        name: await store._connection.run(
            lambda db, name=name: db.execute(f"PRAGMA {name}").fetchone()[0]  # type: ignore[misc] # bound now
        )
        for name in ("journal_mode", "synchronous", "secure_delete")
    }
    await store.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


async def test_no_log_has_statements_or_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = await SqliteStore.open(tmp_path / "relay.db")
    queue = await added(store, "find me")
    await store.write([message(queue.key, 1, msg=b"find me" * 9)], [])
    await store.bodies([1])
    await store.close()
    assert "find me" not in caplog.text
    assert "relay_message" not in caplog.text


async def test_a_database_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "relay.db").write_bytes(b"no database" * 100)
    for _ in range(20):
        with pytest.raises(StoreError):
            await SqliteStore.open(tmp_path / "relay.db")
        assert not [t for t in threading.enumerate() if "connection_worker" in t.name]

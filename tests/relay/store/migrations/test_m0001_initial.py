from pathlib import Path

from tests.relay.store.contract import added

from graphchat_relay.store.sqlite import SqliteStore


async def test_opening_again_migrates_nothing_and_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    for number in range(3):
        store = await SqliteStore.open(path)
        await added(store, str(number))
        assert (await store.totals()).queues == number + 1
        applied = await store._connection.run(
            lambda db: db.execute("SELECT app, name FROM tortoise_migrations").fetchall()
        )
        assert [tuple(row) for row in applied] == [("relay", "m0001_initial")]
        await store.close()

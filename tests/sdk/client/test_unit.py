from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graphchat.client import rows
from graphchat.client.rows import Row
from graphchat.client.unit import Unit
from graphchat.errors import StoreConflictError
from graphchat.store import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "a.db", None) as found:
        yield found


def setting(key: str) -> Row:
    return Row("INSERT INTO client_setting (key, value) VALUES (?, ?)", (key, b""))


async def keys(database: Database) -> list[str]:
    found = await database.read(
        lambda cursor: cursor.execute("SELECT key FROM client_setting ORDER BY key").fetchall()
    )
    return [key for (key,) in found]


async def test_rows_are_written_together_or_not_at_all(database: Database) -> None:
    unit = Unit()
    unit.write(setting("a"), setting("b"))
    await unit.commit(database)
    other = Unit()
    other.write(setting("c"), setting("a"))
    with pytest.raises(StoreConflictError):
        await other.commit(database)
    assert await keys(database) == ["a", "b"]


async def test_actions_are_kept_in_order_and_left_to_the_caller(database: Database) -> None:
    unit, done = Unit(), list[int]()
    unit.after(lambda: done.append(1))
    unit.after(lambda: done.append(2))
    await unit.commit(database)
    assert done == []
    for action in unit.actions:
        action()
    assert done == [1, 2]


def test_a_failure_is_undone_last_first() -> None:
    unit, undone = Unit(), list[int]()
    unit.on_failure(lambda: undone.append(1))
    unit.on_failure(lambda: undone.append(2))
    unit.fail()
    assert undone == [2, 1]


async def test_statements_that_change_nothing_are_no_error(database: Database) -> None:
    unit = Unit()
    unit.write(rows.drop_work(1), rows.try_work(1, 1), rows.drop_envelope(1), rows.drop_address(1))
    unit.write(*rows.delivered(1, 1, 1), rows.sent(1, 1, 1), *rows.drop_lane(1, 0))
    unit.write(*rows.remove_connection(1))
    await unit.commit(database)
    assert await keys(database) == []

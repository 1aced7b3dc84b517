import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from graphchat.store import Cursor, Database
from graphchat_bots.store.commits import Commits


def insert(name: str) -> Callable[[Cursor], str]:
    def work(cursor: Cursor) -> str:
        cursor.execute("INSERT INTO bot_fact (name, value) VALUES (?, 1)", (name,))
        return name

    return work


async def names(database: Database) -> list[str]:
    rows = await database.read(
        lambda cursor: cursor.execute("SELECT name FROM bot_fact ORDER BY name").fetchall()
    )
    return [name for (name,) in rows]


async def test_what_ends_together_shares_one_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions = 0
    original = Database.write

    async def counted(self: Database, work: Callable[[Cursor], Any]) -> Any:
        nonlocal transactions
        transactions += 1
        return await original(self, work)

    monkeypatch.setattr(Database, "write", counted)
    commits = Commits(database)
    running = asyncio.create_task(commits.run())
    wanted = [f"n{number:02}" for number in range(50)]
    assert await asyncio.gather(*(commits.commit(insert(name)) for name in wanted)) == wanted
    running.cancel()
    assert await names(database) == wanted
    assert transactions <= 2


async def test_one_that_fails_takes_nobody_else_down(database: Database) -> None:
    commits = Commits(database)
    running = asyncio.create_task(commits.run())
    works = (insert("a"), insert("a"), insert("b"))
    results = await asyncio.gather(*map(commits.commit, works), return_exceptions=True)
    running.cancel()
    assert [type(result) for result in results[:1] + results[2:]] == [str, str]
    assert isinstance(results[1], Exception)
    assert await names(database) == ["a", "b"]


async def test_one_that_fails_alone_says_so(database: Database) -> None:
    commits = Commits(database)
    running = asyncio.create_task(commits.run())
    await commits.commit(insert("a"))
    with pytest.raises(Exception, match=r"^"):
        await commits.commit(insert("a"))
    assert await commits.commit(insert("b")) == "b"
    running.cancel()


async def test_work_without_hurry_goes_along_with_the_next(database: Database) -> None:
    commits = Commits(database)
    running = asyncio.create_task(commits.run())
    commits.along(insert("lazy"))
    await asyncio.sleep(0.02)
    assert await names(database) == []
    await commits.commit(insert("quick"))
    assert await names(database) == ["lazy", "quick"]
    running.cancel()


async def test_work_without_hurry_is_done_soon_even_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphchat_bots.store.commits.PATIENCE", 0.01)
    commits = Commits(database)
    running = asyncio.create_task(commits.run())
    commits.along(insert("lazy"))
    async with asyncio.timeout(5):
        while not await names(database):  # noqa: ASYNC110 - nobody waits for lazy work
            await asyncio.sleep(0.005)
    running.cancel()


async def test_the_rest_is_written_at_the_end(database: Database) -> None:
    commits = Commits(database)
    commits.along(insert("lazy"))
    await commits.finish()
    assert await names(database) == ["lazy"]

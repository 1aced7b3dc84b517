import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graphchat.store import Cursor, Database
from graphchat.store.lock import exclusive
from graphchat_bots import Bot
from graphchat_bots.cli.checkup import Finding, examine
from graphchat_bots.cli.found import Found
from graphchat_bots.home import open_bot
from graphchat_bots.local_relay import relay_beside
from graphchat_bots.place import Place
from graphchat_bots.store import BOT


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Found]:
    """Return a bot that has run and stopped, and whose relay runs."""
    with relay_beside(tmp_path / "relay") as relay:
        place, bot = Place(tmp_path / "home", (relay,)), Bot("shop")

        async def once() -> None:
            async with open_bot(bot.plan(), place, None) as (port, store):
                await port.invitation()
                await store.end()

        asyncio.run(once())
        yield Found("shop.py", bot, place)


def states(found: Found) -> dict[str, Finding]:
    return {finding.check.split()[0]: finding for finding in examine(found)}


def change(found: Found, work: Callable[[Cursor], object]) -> None:
    async def opened() -> None:
        async with Database.open(found.store, None, app=BOT) as database:
            await database.write(work)

    asyncio.run(opened())


def test_a_bot_in_order_has_nothing_to_do(shop: Found) -> None:
    findings = list(examine(shop))
    assert [finding for finding in findings if finding.state != "ok"] == []
    assert not any(finding.do for finding in findings)
    assert states(shop)["process"].found == "stopped in good order"
    with exclusive(shop.client.with_name("client.db.lock")):
        assert states(shop)["process"].found == "it runs now"


def test_what_waits_in_the_store_is_seen(shop: Found) -> None:
    change(
        shop,
        lambda cursor: cursor.execute(
            "INSERT INTO bot_job (id, name, chat, sender_name, body, due, tries, from_bot)"
            " VALUES ('j', 'ring', 'c', 'Ann', x'90', 5, 0, 0)"
        ),
    )
    change(
        shop,
        lambda cursor: cursor.execute(
            "INSERT INTO bot_dead_letter (reference, kind, event, chat, sender_name, name, body,"
            " error, tries, at) VALUES ('A', 'job', 'j', 'c', 'Ann', 'ring', x'90', 'E', 3, 1)"
        ),
    )
    change(shop, lambda cursor: cursor.execute("UPDATE bot_fact SET value = 1"))
    found = states(shop)
    assert [found[name].state for name in ("jobs", "dead", "process")] == ["warn"] * 3
    assert found["jobs"].do == "start it: graphchat bot run shop.py"
    assert "dead-letter list shop.py" in found["dead"].do
    assert "Ann" not in str(found)


def test_a_damaged_database_fails(shop: Found) -> None:
    data = bytearray(shop.store.read_bytes())
    data[5000:5100] = bytes(100)
    shop.store.write_bytes(bytes(data))
    assert states(shop)["bot.db"].state == "fail"
    assert "restore" in states(shop)["bot.db"].do


def test_a_bot_that_is_written_wrongly_fails(shop: Found) -> None:
    @shop.bot.command()
    async def wrong(x: bytes) -> None: ...

    assert states(shop)["code"].state == "fail"
    assert states(shop)["code"].do == "graphchat bot check shop.py"

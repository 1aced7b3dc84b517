from datetime import timedelta
from pathlib import Path

from graphchat.store import Cursor, Database
from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.kept import pack_outgoing
from graphchat_bots.store import BotStore, DeadLetter
from graphchat_bots.store.letters import Letter, drop, letters, retry
from graphchat_bots.store.outcome import bury
from graphchat_bots.testing.world import World
from graphchat_bots.turn import Outgoing


class Broken:
    """A bot that fails until it is mended."""

    def __init__(self) -> None:
        self.bot = bot = Bot("broken")
        self.is_mended = False

        @bot.contact()
        async def greet(ctx: Ctx) -> str:
            return self.work(f"Hello {ctx.sender.name}")

        @bot.message()
        async def answer(msg: Message) -> str:
            return self.work(f"{msg.sender.name} said {msg.text}")

        @bot.command()
        async def later(ctx: Ctx) -> None:
            await ctx.later(timedelta(seconds=1), ring, "tea")

        @bot.job
        async def ring(ctx: Ctx, text: str) -> str:
            return self.work(f"Ring: {text}")

    def work(self, text: str) -> str:
        if not self.is_mended:
            raise ValueError
        return text


async def put_back(world: World) -> list[Letter]:
    """Let a person put everything back, and start the bot again."""

    def work(cursor: Cursor) -> list[Letter]:
        found = letters(cursor)
        retry(cursor, found, world.clock.now())
        return found

    found = await world._store._database.write(work)
    await world.restart()
    await world.settle()
    return found


async def test_what_is_put_back_is_handled_once_and_answered(tmp_path: Path) -> None:
    broken = Broken()
    async with broken.bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        with world.expecting(ValueError):
            await ann.says("hello")
            await ann.says("/later")
            await world.advance(timedelta(hours=1))
        apologies = await ann.hears()
        assert len(await world.dead_letters()) == 3
        broken.is_mended = True
        assert len(await put_back(world)) == 3
        assert await ann.hears() == ["Hello Ann", "Ann said hello", "Ring: tea"]
        assert await world.dead_letters() == []
        assert await put_back(world) == []
        await world.crash()
        assert await ann.hears() == []
    assert all("Reference" in str(text) for text in apologies)


async def test_what_fails_again_is_a_dead_letter_again_and_can_be_put_back(
    tmp_path: Path,
) -> None:
    broken = Broken()
    async with broken.bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        references = set()
        with world.expecting(ValueError):
            await ann.says("hello")
            for _ in range(2):
                _, letter = await put_back(world)
                references.add(letter.dead.reference)
                await world.advance(timedelta(hours=1))
        assert len(await ann.hears()) == 4  # an apology for each
        broken.is_mended = True
        _, letter = await put_back(world)
        assert sorted(map(str, await ann.hears())) == ["Ann said hello", "Hello Ann"]
        assert len({*references, letter.dead.reference}) == 3


async def test_a_message_goes_back_to_the_outbox_under_its_own_id(database: Database) -> None:
    id_ = b"m" * 16
    outgoing = Outgoing("chat", id_, b"body", "action")
    body = pack_outgoing(outgoing)
    dead = DeadLetter("A", "outgoing", id_.hex(), "chat", "", "", body, "StateError", 1, 5.0)
    store = await BotStore.open(database)
    await database.write(lambda cursor: bury(cursor, dead))
    await database.write(lambda cursor: retry(cursor, letters(cursor), 9.0))
    assert [found for _, found in await store.outbox(0, 9)] == [outgoing]
    assert await store.dead_letters() == []


async def test_a_letter_that_is_dropped_is_gone(tmp_path: Path) -> None:
    broken = Broken()
    async with broken.bot.testing(tmp_path) as world:
        with world.expecting(ValueError):
            await world.person("Ann").says("one")
        database = world._store._database
        first, second = await database.read(letters)
        await database.write(lambda cursor: drop(cursor, [first]))
        assert await database.read(letters) == [second]

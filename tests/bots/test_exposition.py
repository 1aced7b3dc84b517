"""What an operator reads: all figures, and nothing about anybody."""

from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.exposition import COUNTERS, GAUGES, exposition
from graphchat_bots.figures import Figures
from graphchat_bots.testing.world import World

ZEROS = dict.fromkeys((*GAUGES, *COUNTERS), 0.0)


def shop() -> Bot:
    bot = Bot("shop")

    @bot.state
    class Count(msgspec.Struct):
        n: int = 0

    @bot.message()
    async def answer(msg: Message, count: Count) -> str:
        count.n += 1
        if msg.text.startswith("fail"):
            raise ValueError(msg.text)
        return f"{msg.sender.name} said {msg.text}"

    @bot.command()
    async def order(ctx: Ctx, what: str) -> str:
        return f"{what} for {ctx.sender.name}"

    return bot


async def text_of(world: World) -> str:
    runtime = world._runtime
    gauges = {**await runtime.gauges(), "ready": 1.0}
    return exposition({"shop": (runtime.figures, gauges)}).decode()


def values(text: str) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and the values of its labels, by their names."""
    return {
        (
            sample.name.removeprefix("graphchat_bot_"),
            *(sample.labels[name] for name in sorted(sample.labels)),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_conversation_is_counted(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("hello")
        await ann.says("/order tea")
        with world.expecting(ValueError):
            await ann.says("fail")
        found = values(await text_of(world))
    assert found["events_total", "shop", "done", "message"] == 2
    assert found["events_total", "shop", "again", "message"] == 3
    assert found["events_total", "shop", "set aside", "message"] == 1
    assert found["handler_seconds_count", "shop", "answer"] == 4
    assert found["handler_seconds_count", "shop", "order"] == 1
    assert found["sent_total", "shop"] == 4  # with the list of commands
    assert found["dead_letters", "shop"] == 1
    assert (found["waiting", "shop"], found["outbox", "shop"], found["jobs_due", "shop"]) == (
        0,
        0,
        0,
    )
    assert found["committed_total", "shop"] >= found["commits_total", "shop"] > 0


async def test_nobody_and_nothing_that_was_said_is_in_the_figures(tmp_path: Path) -> None:
    async with shop().testing(tmp_path, "relay") as world:
        ann = world.person("Ann Secretname")
        await ann.says("my secret words")
        await ann.says("/order secretgood")
        with world.expecting(ValueError):
            await ann.says("fail at my secret")
        text = await text_of(world)
        (letter,) = await world.dead_letters()
        hidden = [
            ann._chat,
            letter.id,
            letter.reference,
            "Secretname",
            "secret",
            "127.0.0.1",
        ]
    assert "handler_seconds" in text
    assert [each for each in hidden if each is None or each.casefold() in text.casefold()] == []


def test_several_bots_are_told_apart() -> None:
    figures = Figures()
    figures.events["message", "done"] = 3
    found = values(exposition({"a": (figures, ZEROS), "b": (Figures(), ZEROS)}).decode())
    assert found["events_total", "a", "done", "message"] == 3
    assert ("events_total", "b", "done", "message") not in found
    assert found["ready", "a"] == found["ready", "b"] == 0

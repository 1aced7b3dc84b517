from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from graphchat.content import Text
from graphchat_bots import Bot, Ctx, Event, Message, Next, UserError
from graphchat_bots.limits import Limits
from graphchat_bots.testing.world import HandlerError


class Log(list[str]):
    pass


def shop(log: Log) -> Bot:
    bot = Bot("shop", limits=Limits(tries=1))

    @bot.provide
    def journal() -> Log:
        return log

    @bot.contact()
    async def greet() -> str:
        return "Hello."

    @bot.command()
    async def later(ctx: Ctx) -> None:
        await ctx.later(timedelta(minutes=1), ring)

    @bot.message()
    async def echo(ctx: Ctx, msg: Message, journal: Log) -> str:
        journal.append("echo")
        await ctx.send("before")
        if msg.text == "fail":
            raise KeyError(msg.text)
        if msg.text == "sorry":
            raise UserError("Not that.")
        return msg.text

    @bot.job
    async def ring(ctx: Ctx) -> str:
        return "ring"

    return bot


async def test_layers_lie_round_every_event_in_the_order_of_decoration(tmp_path: Path) -> None:
    log = Log()
    bot = shop(log)

    @bot.middleware
    async def outer(event: Event, call_next: Next, journal: Log) -> None:
        journal.append(f"outer {event.kind}")
        await call_next(event)
        journal.append("outer end")

    @bot.middleware
    async def inner(call_next: Next, event: Event) -> None:
        log.append("inner")
        await call_next(event)
        log.append("inner end")

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.joins() == ["Hello."]
        assert log == ["outer contact", "inner", "inner end", "outer end"]
        log.clear()
        assert await ann.says("hi") == ["before", "hi"]
        assert log == ["outer message", "inner", "echo", "inner end", "outer end"]
        assert await ann.says("/later") == []
        log.clear()
        await world.advance(timedelta(minutes=1))
        assert await ann.hears() == ["ring"]
        assert log[0] == "outer job"


async def test_a_layer_may_answer_instead(tmp_path: Path) -> None:
    log = Log()
    bot = shop(log)

    @bot.middleware
    async def closed(ctx: Ctx, event: Event, call_next: Next) -> str | None:
        if event.message and event.message.text == "psst":
            await ctx.send("Closed")
            return "today."
        await call_next(event)
        return None

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("psst") == ["Closed", "today."]
        assert await ann.says("hi") == ["before", "hi"]
        assert log == ["echo"]


async def test_a_layer_may_catch_an_error_and_what_had_failed_is_undone(tmp_path: Path) -> None:
    # Elsewhere the messages of the failed handler have left by now, and its state is half new.
    bot = shop(Log())

    @bot.state
    class Count(msgspec.Struct):
        n: int = 0
        of: list[str] = []

    @bot.middleware
    async def catch(event: Event, call_next: Next, count: Count) -> str | None:
        count.n += 1
        try:
            await call_next(event)
        except KeyError:
            return f"Sorry. {count.n} {count.of}"
        return None

    @bot.command()
    async def break_(count: Count) -> str:
        count.n += 100
        count.of.append("x")
        raise KeyError

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("fail") == ["Sorry. 2 []"]
        assert await ann.says("/break") == ["Sorry. 3 []"]
        assert await ann.says("/break") == ["Sorry. 4 []"]


async def test_what_a_layer_does_not_catch_undoes_the_layer_too(tmp_path: Path) -> None:
    bot = shop(Log())

    @bot.middleware
    async def loud(ctx: Ctx, event: Event, call_next: Next) -> None:
        await ctx.send("first")
        await call_next(event)

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.joins()
        assert await ann.says("sorry") == ["Not that."]
        assert await ann.says("hi") == ["first", "before", "hi"]


async def test_a_layer_may_change_what_was_said(tmp_path: Path) -> None:
    bot = shop(Log())

    @bot.middleware
    async def calm(event: Event, call_next: Next) -> None:
        if event.message:
            quiet = replace(event.message, content=Text(event.message.text.lower()))
            event = replace(event, message=quiet)
        await call_next(event)

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("WHAT") == ["before", "what"]


@pytest.mark.parametrize("twice", [True, False])
async def test_an_event_is_let_through_once_and_remains_itself(
    tmp_path: Path, *, twice: bool
) -> None:
    bot = shop(Log())

    @bot.middleware
    async def wrong(event: Event, call_next: Next) -> None:
        if not event.message:
            return
        if twice:
            await call_next(event)
        await call_next(event if twice else replace(event, id="another"))

    async with bot.testing(tmp_path) as world:
        reason = "called twice" if twice else "another event"
        with pytest.raises(HandlerError, match=reason):
            await world.person("Ann").says("hi")


def test_middleware_is_checked_like_handlers() -> None:
    bot = Bot("shop")

    @bot.middleware
    async def audit(event: Event, msg: Message, call_next: Next) -> None:
        await call_next(event)

    assert bot.check() == ["middleware audit: parameter 'msg': nothing provides Message"]


def test_middleware_that_lets_nothing_through_is_a_fault() -> None:
    bot = Bot("shop")

    @bot.middleware
    async def wall(event: Event) -> None:
        pass

    assert bot.check() == [
        "middleware wall: no event would get through: give it a parameter of the type Next"
    ]

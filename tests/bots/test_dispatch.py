from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec

from graphchat.content import Text, Unknown
from graphchat_bots import Bot, Event, Message, Reply, Router, UserError
from graphchat_bots.limits import Limits
from graphchat_bots.message import Sender


def shop() -> Bot:
    bot = Bot("shop")

    @bot.state
    class Basket(msgspec.Struct):
        shirts: int = 0

    @bot.contact()
    async def greet(sender: Sender) -> str:
        return f"Hello {sender.name}."

    @bot.command(aliases=["b"])
    async def buy(basket: Basket, n: int) -> str:
        """Buy shirts."""
        basket.shirts += n
        if basket.shirts > 9:
            raise UserError("Nine are enough.")
        return f"You have {basket.shirts}."

    @bot.command()
    async def count() -> AsyncIterator[str | Reply | None]:
        yield "one"
        yield None
        yield Reply("two")
        yield ""

    @bot.command()
    async def quiet(event: Event) -> None:
        assert event.kind == "message"

    @bot.message(lambda msg: "shirt" in msg.text)
    async def shirts(msg: Message) -> Text:
        return Text(f"Shirts, {msg.sender.name}?")

    @bot.message()
    async def rest(msg: Message) -> str:
        return f"? {msg.text}"

    return bot


async def test_a_returned_text_is_the_reply(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        assert await world.person("Ann").says("hello") == ["? hello"]


async def test_the_first_handler_that_fits_answers(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        assert await world.person("Ann").says("a shirt") == ["Shirts, Ann?"]


async def test_commands_are_found_by_name_and_alias_in_any_case(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/buy 2") == ["You have 2."]
        assert await ann.says("/B  3 ") == ["You have 5."]


async def test_a_user_error_reaches_the_chat_and_undoes_the_rest(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/buy 6")
        assert await ann.says("/buy 6") == ["Nine are enough."]
        assert await ann.says("/buy 3") == ["You have 9."]


async def test_bad_arguments_get_words_for_people(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        assert await world.person("Ann").says("/buy many") == [
            "“many” does not fit: N must be a whole number, for example 3.\n\nUsage: /buy N"
        ]


async def test_help_is_automatic(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        (all_of_it,) = await ann.says("/help")
        assert isinstance(all_of_it, str)
        assert all(name in all_of_it for name in ("/buy N: Buy shirts.", "/count", "/quiet"))
        assert await ann.says("/help buy") == await ann.says("/help /b")
        assert await ann.says("/help nope") == [f"There is no command nope.\n\n{all_of_it}"]


async def test_a_bot_may_bring_its_own_help(tmp_path: Path) -> None:
    bot = Bot("shop")

    @bot.command(name="help")
    async def own() -> str:
        return "Help yourself."

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("/help") == ["Help yourself."]


async def test_an_unknown_command_is_no_message(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/by 1") == [
            "I do not know /by. Did you mean /buy? /help lists what I can do."
        ]
        assert await ann.says("/usr/bin is full") == ["? /usr/bin is full"]


async def test_a_command_in_a_router_answers_where_its_condition_holds(tmp_path: Path) -> None:
    bot, friends = Bot("shop"), Router(lambda msg: msg.sender.name == "Ann")

    @friends.command()
    async def secret() -> str:
        return "shh"

    bot.include(friends)
    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("/secret") == ["shh"]
        (answer,) = await world.person("Eve").says("/secret")
        assert answer != "shh"


async def test_somebody_who_connects_is_greeted(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.joins() == ["Hello Ann."]
        assert await ann.says("hello") == ["? hello"]


async def test_a_message_that_this_version_does_not_know_reaches_handlers(tmp_path: Path) -> None:
    async with shop().testing(tmp_path) as world:
        poll = Unknown("poll", b"\x81\xa4type\xa4poll")
        assert await world.person("Ann").says(poll) == ["? "]


async def test_a_bot_without_handlers_says_nothing_to_plain_messages(tmp_path: Path) -> None:
    async with Bot("mute").testing(tmp_path) as world:
        assert await world.person("Ann").says("hello") == []


def limited() -> Bot:
    bot = Bot("shop", limits=Limits(tries=3))
    failures = iter([True, False, False])

    @bot.command(aliases=["o"], limit="2/min")
    async def order(n: int) -> str:
        return f"{n} ordered."

    @bot.command(limit="1/h")
    async def shaky() -> str:
        if next(failures):
            raise KeyError
        return "Done."

    @bot.message(limit="1/10s")
    async def echo(msg: Message) -> str:
        return msg.text

    return bot


async def test_a_command_has_a_limit_for_each_sender(tmp_path: Path) -> None:
    # Elsewhere a flooded bot answers the flood, refusal by refusal.
    async with limited().testing(tmp_path) as world:
        ann, bob = world.person("Ann"), world.person("Bob")
        assert await ann.says("/order 1") == ["1 ordered."]
        await world.advance(timedelta(seconds=15))
        assert await ann.says("/o 2") == ["2 ordered."]
        assert await ann.says("/order 3") == ["That is too much at once. Try again in 45 seconds."]
        assert await ann.says("/order 4") == await ann.says("/order many") == []
        assert await bob.says("/order 5") == ["5 ordered."]
        assert await ann.says("hi") == ["hi"]
        await world.advance(timedelta(seconds=45))
        assert await ann.says("/order 6") == ["6 ordered."]


async def test_messages_have_limits_too(tmp_path: Path) -> None:
    async with limited().testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("a") == ["a"]
        assert await ann.says("b") == ["That is too much at once. Try again in 10 seconds."]
        assert await ann.says("c") == []


async def test_another_try_after_a_failure_is_no_second_use(tmp_path: Path) -> None:
    async with limited().testing(tmp_path) as world:
        ann = world.person("Ann")
        with world.expecting(KeyError):
            assert await ann.says("/shaky") == ["Done."]
        (answer,) = await ann.says("/shaky")
        assert str(answer).startswith("That is too much")

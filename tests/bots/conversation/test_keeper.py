import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from tests.bots.fuse import Fuse

from graphchat.content import Reaction
from graphchat_bots import (
    AskTimeoutError,
    Bot,
    CancelledByUserError,
    Ctx,
    Form,
    Limits,
    Message,
    Q,
    Reply,
    Role,
    StepError,
    UserError,
)
from graphchat_bots.conversation.keeper import AGAIN, CHANGED
from graphchat_bots.limits import OnChange
from graphchat_bots.testing.person import Person
from graphchat_bots.testing.world import Level, World


class Shirt(Form):
    size: Annotated[Literal["S", "M", "L"], Q("Which size?")]
    n: Annotated[int, Q("How many?", ge=1, le=9)]


class Basket(msgspec.Struct):
    shirts: int = 0


class Orders:
    """Stands for something outside: what was done here cannot be undone."""

    def __init__(self) -> None:
        self.placed: list[str] = []

    async def place(self, size: str, n: int) -> str:
        self.placed.append(f"{n} x {size}")
        return f"{size}{n}-{len(self.placed):03d}"


def shop(orders: Orders) -> Bot:
    bot = Bot("shop")
    bot.state(Basket)

    @bot.command()
    async def order(ctx: Ctx, basket: Basket) -> str:
        """Order a shirt."""
        shirt = await ctx.fill(Shirt)
        if not await ctx.confirm(f"{shirt.n} x {shirt.size}, right?"):
            return "Cancelled."
        ref = await ctx.step(orders.place, shirt.size, shirt.n)
        basket.shirts += shirt.n
        await ctx.send(f"Order {ref} placed.")
        return f"You have {basket.shirts}."

    @bot.command()
    async def add(basket: Basket, n: int) -> str:
        basket.shirts += n
        return f"You have {basket.shirts}."

    @bot.message()
    async def rest(msg: Message) -> str:
        return f"? {msg.text}"

    return bot


async def test_a_conversation_survives_crashes(tmp_path: Path, bot_level: Level) -> None:
    async with shop(Orders()).testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.says("/order") == ["Which size? 1) S 2) M 3) L"]
        await world.crash()
        assert await ann.says("2") == ["How many?"]
        assert await ann.says("12") == ["I need a whole number from 1 to 9. How many?"]
        await world.crash()
        assert await ann.says("3") == ["3 x M, right? (yes/no)"]
        assert await ann.says("yes", id="m1") == ["Order M3-001 placed.", "You have 3."]
        assert await ann.says("yes", id="m1") == []
        assert await ann.says("bye") == ["? bye"]


HEARD = [
    "Which size? 1) S 2) M 3) L",
    "I need S, M or L. Which size? 1) S 2) M 3) L",
    "How many?",
    "2 x L, right? (yes/no)",
    "Order L2-001 placed.",
    "You have 2.",
]


async def test_killed_at_every_wait_the_chat_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse = Fuse()
    fuse.install(monkeypatch)
    at, died, twice = 0, True, 0
    while died:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        orders = Orders()
        async with shop(orders).testing(folder) as world:
            died, heard = await told(world, fuse, at)
        twice += len(orders.placed) - 1
        assert [line.replace("L2-002", "L2-001") for line in heard] == HEARD, f"point {at}"
    assert at > 30  # there are as many things to wait for
    assert twice <= 2  # killed between the end of the step and its row, it is done once more


async def told(world: World, fuse: Fuse, at: int) -> tuple[bool, list[str]]:
    ann = world.person("Ann")
    await ann.joins()
    fuse.arm(at)
    for said in ("/order", "XL", "L", "2", "yes"):
        await ann.sends(said)
    burnt = asyncio.create_task(fuse.burnt.wait())
    story = asyncio.create_task(world.settle())
    await asyncio.wait([burnt, story], return_when=asyncio.FIRST_COMPLETED)
    fuse.disarm()
    if died := not story.done():
        story.cancel()
        await world.crash()
        await world.settle()
    else:
        burnt.cancel()
    return died, [str(line) for line in await ann.hears()]


async def test_three_answers_at_once_land_in_three_steps(tmp_path: Path) -> None:
    async with shop(Orders()).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.joins()
        for said in ("/order", "M", "3", "yes"):
            await ann.sends(said)
        assert (await ann.hears())[1:] == [
            "How many?",
            "3 x M, right? (yes/no)",
            "Order M3-001 placed.",
            "You have 3.",
        ]


async def test_chats_are_asked_independently(tmp_path: Path) -> None:
    async with shop(Orders()).testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        await ann.says("/order")
        assert await ben.says("2") == ["? 2"]
        assert await ann.says("2") == ["How many?"]


async def test_cancel_always_works(tmp_path: Path) -> None:
    async with shop(Orders()).testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/cancel") == ["There is nothing to cancel."]
        await ann.says("/order")
        assert await ann.says("/cancel") == ["Cancelled."]
        assert await ann.says("2") == ["? 2"]
        await ann.says("/order")
        await world.crash()
        assert await ann.says("/cancel") == ["Cancelled."]
        assert await ann.says("2") == ["? 2"]


async def test_a_handler_may_say_goodbye_but_not_go_on_asking(tmp_path: Path) -> None:
    bot = Bot("clingy")

    @bot.command()
    async def polite(ctx: Ctx) -> str:
        try:
            await ctx.ask("What?")
        except CancelledByUserError:
            return "As you like."
        return "Thanks."

    @bot.command()
    async def clingy(ctx: Ctx) -> str:
        while True:
            try:
                return await ctx.ask("What?")
            except CancelledByUserError:
                await ctx.send("No!")

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/polite")
        assert await ann.says("/cancel") == ["As you like."]
        await ann.says("/clingy")
        assert await ann.says("/cancel") == ["Cancelled."]
        assert await ann.says("/cancel") == ["There is nothing to cancel."]


async def test_other_commands_work_meanwhile(tmp_path: Path) -> None:
    async with shop(Orders()).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/order")
        assert await ann.says("/add 4") == ["You have 4."]
        await ann.says("S")
        await ann.says("1")
        assert await ann.says("yes") == ["Order S1-001 placed.", "You have 5."]


async def test_what_others_have_changed_is_still_there_after_a_crash(tmp_path: Path) -> None:
    async with shop(Orders()).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/order")
        await ann.says("/add 4")
        await ann.says("S")
        await world.crash()
        await ann.says("1")
        await ann.says("/add 1")
        await world.crash()
        assert await ann.says("yes") == ["Order S1-001 placed.", "You have 6."]
        assert await ann.says("/add 0") == ["You have 6."]


async def test_a_command_that_asks_puts_the_earlier_question_aside(tmp_path: Path) -> None:
    async with shop(Orders()).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/order")
        await ann.says("S")
        assert await ann.says("/order") == [
            "(What I asked before is off.)",
            "Which size? 1) S 2) M 3) L",
        ]
        assert await ann.says("M") == ["How many?"]
        assert await ann.says("/cancel") == ["Cancelled."]
        assert await ann.says("/cancel") == ["There is nothing to cancel."]


def quiz(work: Callable[[], Awaitable[str]]) -> Bot:
    bot = Bot("quiz", limits=Limits(tries=2))

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        name = await ctx.ask("Name?", within=timedelta(minutes=5))
        try:
            done = await ctx.step(work)
        except StepError as error:
            done = error.error
        more = await ctx.ask("More?")
        return f"{name}, {done}, {more}"

    return bot


async def test_a_step_is_done_once_over_crashes(tmp_path: Path) -> None:
    done = 0

    async def work() -> str:
        nonlocal done
        done += 1
        return f"done {done}"

    async with quiz(work).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/begin")
        assert await ann.says("Ann") == ["More?"]
        await world.crash()
        assert await ann.says("no") == ["Ann, done 1, no"]


async def test_a_step_that_failed_fails_the_same_way_after_a_crash(tmp_path: Path) -> None:
    failures = 0

    async def work() -> str:
        nonlocal failures
        failures += 1
        raise ConnectionError(failures)

    async with quiz(work).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/begin")
        assert await ann.says("Ann") == ["More?"]
        await world.crash()
        assert await ann.says("no") == ["Ann, ConnectionError, no"]
    assert failures == 1


async def test_a_handler_that_fails_is_tried_again_without_its_steps(tmp_path: Path) -> None:
    bot, steps, tries = Bot("careless"), list[str](), 0

    async def work() -> str:
        steps.append("x")
        return "done"

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        nonlocal tries
        done = await ctx.step(work)
        tries += 1
        if tries < 3:
            raise KeyError(tries)
        return done

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        with world.expecting(KeyError):
            assert await ann.says("/begin") == ["done"]
        await world.crash()
        assert not world._store.conversations._journaled
    assert (steps, tries) == (["x"], 3)


async def test_a_handler_that_fails_for_good_ends_the_conversation(tmp_path: Path) -> None:
    bot = Bot("careless")

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        raise KeyError(await ctx.ask("What?"))

    @bot.message()
    async def rest(msg: Message) -> str:
        return f"? {msg.text}"

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/begin")
        with world.expecting(KeyError):
            (sorry,) = await ann.says("this")
        assert str(sorry).startswith("Sorry, something went wrong here.")
        assert await ann.says("that") == ["? that"]


async def test_a_user_error_ends_the_conversation_and_undoes_the_turn(tmp_path: Path) -> None:
    bot = Bot("strict")
    bot.state(Basket)

    @bot.command()
    async def begin(ctx: Ctx, basket: Basket) -> str:
        basket.shirts += 1
        await ctx.send("Well.")
        await ctx.ask("What?")
        basket.shirts += 10
        await ctx.send("Hm.")
        raise UserError("That is too much.")

    @bot.message()
    async def rest(basket: Basket) -> str:
        return f"You have {basket.shirts}."

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/begin") == ["Well.", "What?"]
        assert await ann.says("x") == ["That is too much."]
        assert await ann.says("x") == ["You have 1."]


async def test_nobody_waits_longer_than_the_question_says(tmp_path: Path) -> None:
    async def work() -> str:
        return "done"

    async with quiz(work).testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        await ann.says("/begin")
        await ben.says("/begin")
        assert await ben.says("Ben") == ["More?"]
        await world.crash()
        await world.advance(timedelta(minutes=6))
        assert await ann.hears() == ["Nobody has answered, so I have stopped waiting."]
        assert await ben.hears() == []
        assert await ben.says("no") == ["Ben, done, no"]


async def test_a_handler_may_go_on_when_nobody_answers(tmp_path: Path) -> None:
    bot = Bot("patient")

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        try:
            name = await ctx.ask("Name?", within=timedelta(minutes=1))
        except AskTimeoutError:
            name = await ctx.ask("Still there?")
        return f"Hello {name}."

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/begin")
        await world.advance(timedelta(minutes=2))
        assert await ann.hears() == ["Still there?"]
        await world.crash()
        assert await ann.says("Ann") == ["Hello Ann."]


async def test_a_question_that_nobody_answers_for_a_week_is_forgotten(tmp_path: Path) -> None:
    async with shop(Orders()).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/order")
        await world.advance(timedelta(days=8))
        await world._store.forget_old(world.clock.now())
        assert await ann.says("2") == ["? 2"]


async def test_a_button_of_an_earlier_question_answers_nothing(tmp_path: Path) -> None:
    bot = Bot("careful")

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        await ctx.confirm("Really?")
        return "Deleted." if await ctx.confirm("Really really?") else "Kept."

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/begin")
        assert await ann.presses("Really? (yes/no)", "Yes") == ["Really really? (yes/no)"]
        late = "That belongs to an earlier question. Really really? (yes/no)"
        assert await ann.presses("Really? (yes/no)", "Yes") == [late]
        await world.crash()
        assert await ann.presses("Really? (yes/no)", "Yes") == [late]
        assert await ann.presses("Really really? (yes/no)", "Yes") == ["Deleted."]


async def test_a_job_asks_when_nobody_else_does(tmp_path: Path) -> None:
    bot = Bot("nurse")

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        await ctx.later(timedelta(minutes=1), check)
        return f"Hello {await ctx.ask('Name?')}."

    @bot.job
    async def check(ctx: Ctx) -> str:
        return f"You are {await ctx.ask('How are you?')}."

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/begin")
        await world.advance(timedelta(minutes=5))
        assert await ann.hears() == []
        assert await ann.says("Ann") == ["Hello Ann."]
        await world.advance(timedelta(minutes=2))
        assert await ann.hears() == ["How are you?"]
        await world.crash()
        assert await ann.says("well") == ["You are well."]


async def test_a_generator_asks_and_answers(tmp_path: Path) -> None:
    bot = Bot("talker")

    @bot.contact()
    async def greet(ctx: Ctx) -> AsyncIterator[str]:
        yield "Hello."
        yield f"Welcome, {await ctx.ask('Who are you?')}."

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.joins() == ["Hello.", "Who are you?"]
        await world.crash()
        assert await ann.says("Ann") == ["Welcome, Ann."]


async def test_a_generator_that_waits_is_ended_with_the_bot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bot, ended = Bot("talker"), list[str]()

    @bot.command()
    async def begin(ctx: Ctx) -> AsyncIterator[str]:
        try:
            yield "Hello."
            yield await ctx.ask("Who are you?")
        finally:
            ended.append(ctx.sender.name)

    async with bot.testing(tmp_path) as world:
        await world.person("Ann").says("/begin")
    assert ended == ["Ann"]
    gc.collect()
    await asyncio.sleep(0)  # Python would end what it finds left over in a task
    assert not caplog.records


def old(on_change: OnChange) -> Bot:
    bot = Bot("shop", limits=Limits(on_change=on_change))

    @bot.command()
    async def order(ctx: Ctx) -> str:
        size = await ctx.ask(Q("Size?", id="size"))
        colour = await ctx.ask(Q("Colour?", id="colour"))
        return f"{size} {colour}"

    return bot


def new(on_change: OnChange) -> Bot:
    bot = Bot("shop", limits=Limits(on_change=on_change))

    @bot.command()
    async def order(ctx: Ctx) -> str:
        cloth = await ctx.ask(Q("Cloth?", id="cloth"))
        size = await ctx.ask(Q("Which size?", id="size"))
        return f"{cloth} {size}"

    return bot


async def half_way(folder: Path, on_change: OnChange) -> Person:
    async with old(on_change).testing(folder) as world:
        ann = world.person("Ann")
        assert await ann.says("/order", id="a") == ["Size?"]
        assert await ann.says("M", id="b") == ["Colour?"]
        return ann


@pytest.mark.parametrize(
    ("on_change", "answers"),
    [
        ("abort", [[CHANGED], ["? wool"]]),
        ("restart", [[AGAIN, "Cloth?"], ["Which size?"]]),
        ("migrate", [["Cloth?"], ["wool M"]]),
    ],
)
async def test_a_handler_that_has_changed_meanwhile(
    tmp_path: Path, on_change: OnChange, answers: list[list[str]]
) -> None:
    await half_way(tmp_path, on_change)
    bot = new(on_change)

    @bot.message()
    async def rest(msg: Message) -> str:
        return f"? {msg.text}"

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.joins()
        assert await ann.says("red", id="c") == answers[0]
        assert await ann.says("wool", id="d") == answers[1]


async def test_a_handler_that_is_gone_says_sorry(tmp_path: Path) -> None:
    await half_way(tmp_path, "restart")
    async with Bot("shop").testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("red", id="c") == [CHANGED]


async def test_a_text_may_change_if_the_question_has_a_name(tmp_path: Path) -> None:
    await half_way(tmp_path, "abort")
    bot = Bot("shop")

    @bot.command()
    async def order(ctx: Ctx) -> str:
        size = await ctx.ask(Q("Which size, please?", id="size"))
        return f"{size} {await ctx.ask(Q('And the colour?', id='colour'))}"

    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("red", id="c") == ["M red"]


async def test_more_conversations_than_are_kept_at_hand_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphchat_bots.conversation.keeper.MAX_LIVE", 1)
    async with shop(Orders()).testing(tmp_path) as world:
        people = [world.person(name) for name in ("Ann", "Ben", "Cem")]
        for person in people:
            await person.says("/order")
        for person in people:
            assert await person.says("M") == ["How many?"]


async def test_only_the_handler_itself_asks(tmp_path: Path) -> None:
    bot = Bot("hasty", limits=Limits(tries=1))

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        first, second = await asyncio.gather(ctx.ask("One?"), ctx.ask("Two?"))
        return f"{first} {second}"

    async with bot.testing(tmp_path) as world:
        with world.expecting(Exception):
            await world.person("Ann").says("/begin")


async def test_the_time_is_the_same_when_a_handler_runs_again(tmp_path: Path) -> None:
    bot = Bot("clock")

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        at = ctx.now()
        await ctx.ask("What?")
        return f"{ctx.now() - at}"

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/begin")
        await world.advance(timedelta(minutes=3))
        await world.crash()
        assert await ann.says("x") == ["0:03:00"]


async def test_an_answer_can_be_replied_to(tmp_path: Path) -> None:
    bot = Bot("critic")

    @bot.command()
    async def begin(ctx: Ctx) -> None:
        answer = await ctx.ask("What?", Message)
        await answer.react("👍")

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/begin")
        await world.crash()
        (reaction,) = await ann.says("This.")
        assert isinstance(reaction, Reaction)


async def test_an_emoji_answers_a_question(tmp_path: Path, bot_level: Level) -> None:
    async with shop(Orders()).testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        (size,) = await ann.says("/order")
        assert await ann.reacts(size, "👍") == []
        assert await ann.reacts(size, "2️⃣") == ["How many?"]
        (sure,) = await ann.says("1")
        await world.crash()
        assert await ann.reacts(size, "1️⃣") == []
        assert await ann.reacts(sure, "👍") == ["Order M1-001 placed.", "You have 1."]


async def test_buttons_of_handlers_work_while_somebody_is_asked(tmp_path: Path) -> None:
    bot = shop(Orders())

    @bot.command()
    async def menu() -> Reply:
        return Reply("What next?", choices=["Stop", "Go"])

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/menu")
        await ann.says("/order")
        assert await ann.presses("What next? 1) Stop 2) Go", "Go") == ["? Go"]
        assert await ann.says("2") == ["How many?"]


async def test_a_handler_that_runs_again_sees_the_role_of_then(tmp_path: Path) -> None:
    bot = Bot("guard")

    @bot.command()
    async def begin(ctx: Ctx) -> str:
        question = "Whom?" if ctx.sender.role is Role.ADMIN else "Why?"
        return f"{question} {await ctx.ask(question)}"

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/begin") == ["Why?"]
        await ann.says(world.invite(Role.ADMIN))
        await world.crash()
        assert await ann.says("So.") == ["Why? So."]
        assert await ann.says("/begin") == ["Whom?"]


async def test_who_loses_a_race_for_a_state_of_the_bot_is_not_asked_again(tmp_path: Path) -> None:
    bot, steps = Bot("lottery"), list[str]()
    bot.state(scope="bot")(Basket)

    async def work(name: str) -> str:
        steps.append(name)
        return name

    @bot.command()
    async def begin(ctx: Ctx, basket: Basket) -> str:
        name = await ctx.step(work, await ctx.ask("Name?"))
        basket.shirts += 1
        await asyncio.sleep(0)
        return f"{name} is number {basket.shirts}"

    async with bot.testing(tmp_path) as world:
        people = [world.person(name) for name in ("Ann", "Ben", "Cem")]
        for person in people:
            await person.says("/begin")
        for person in people:
            await person.sends(person.name)
        heard = [str(line) for person in people for line in await person.hears()]
        assert sorted(line[-1] for line in heard) == ["1", "2", "3"]
        assert sorted(steps) == ["Ann", "Ben", "Cem"]

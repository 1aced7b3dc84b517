from pathlib import Path

import pytest

from graphchat.content import Choice, Choices, Form, FormAnswer, FormField
from graphchat_bots import Bot, Ctx, Message, Reaction, Reply
from graphchat_bots.testing.person import Person
from graphchat_bots.testing.world import Level, World
from graphchat_bots.understanding import UNKNOWN


def bot() -> Bot:
    made = Bot("shop")

    @made.command()
    async def size() -> Reply:
        """Ask for a size."""
        return Reply("Which size?", choices=["S", ("m", "M 👕"), "L"])

    @made.message(lambda msg: msg.choice is not None)
    async def chosen(ctx: Ctx, msg: Message) -> str:
        return f"{ctx.event.kind}: {msg.choice} is {msg.text}"

    @made.message()
    async def else_() -> str:
        return "?"

    @made.reaction()
    async def reaction(reaction: Reaction) -> str:
        return f"just {reaction.emoji}"

    return made


ASKED = "Which size? 1) S 2) M 👕 3) L"


async def ask(world: World) -> Person:
    ann = world.person("Ann")
    assert await ann.says("/size") == [ASKED]
    return ann


async def press(ann: Person, option: str, label: str) -> object:
    return await ann.says(Choice(ann._heard.newest(ASKED).id, option, label))


@pytest.mark.parametrize("answer", ["2", "m 👕", "(2)", "m"])
async def test_words_answer_once_also_after_a_crash(
    tmp_path: Path, bot_level: Level, answer: str
) -> None:
    async with bot().testing(tmp_path, bot_level) as world:
        ann = await ask(world)
        assert await ann.says("XXL") == ["?"]
        await world.crash()
        assert await ann.says(answer) == ["message: m is M 👕"]
        assert await ann.says(answer) == ["?"]


@pytest.mark.parametrize("emoji", ["2️⃣", "👕"])
async def test_a_reaction_answers(tmp_path: Path, bot_level: Level, emoji: str) -> None:
    async with bot().testing(tmp_path, bot_level) as world:
        ann = await ask(world)
        assert await ann.reacts(ASKED, "👍") == ["just 👍"]
        assert await ann.reacts(ASKED, emoji) == ["reaction: m is M 👕"]
        assert await ann.repeats() == []
        assert await ann.reacts(ASKED, "") == ["just "]
        assert await ann.reacts("?" if await ann.says("x") else "", emoji) == [f"just {emoji}"]


async def test_a_button_answers_as_often_as_it_is_pressed(
    tmp_path: Path, bot_level: Level
) -> None:
    async with bot().testing(tmp_path, bot_level) as world:
        ann = await ask(world)
        assert await press(ann, "S", "S") == ["message: S is S"]
        await world.crash()
        assert await press(ann, "L", "whatever") == ["message: L is L"]


async def test_an_option_that_was_never_offered_is_no_choice(tmp_path: Path) -> None:
    async with bot().testing(tmp_path) as world:
        ben = world.person("Ben")
        assert await ben.says(Choice(b"1" * 16, "S", "S")) == ["?"]
        ann = await ask(world)
        assert await press(ann, "root", "root") == ["?"]
        assert await ben.says("1") == ["?"]


async def test_words_answer_what_was_asked_last_and_old_buttons_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphchat_bots.store.offers.MAX_OFFERS", 2)
    made, ids = Bot("asker"), list[bytes]()

    @made.message(lambda msg: msg.text == "ask")
    async def ask_again(ctx: Ctx) -> None:
        number = len(ids)
        ids.append((await ctx.send(Reply("?", choices=[f"{number}-a", f"{number}-b"]))).id)

    @made.message()
    async def tell(msg: Message) -> str:
        return f"{msg.choice}"

    async with made.testing(tmp_path) as world:
        ann = world.person("Ann")
        for _ in range(3):
            [asked] = await ann.says("ask")
            assert isinstance(asked, str | Choices)
        assert await ann.says("2") == ["2-b"]
        answers = [await ann.says(Choice(ids[n], f"{n}-a", "a")) for n in range(3)]
        assert answers == [["None"], ["1-a"], ["2-a"]]


FORM = Form(
    "Your order",
    (
        FormField("size", "Size", "choice", required=True, choices=("S", "M")),
        FormField("n", "How many", "number", least=1, most=9),
    ),
)


def with_forms() -> Bot:
    made = Bot("shop")

    @made.command()
    async def order() -> Reply:
        """Order something."""
        return Reply(form=FORM)

    @made.command()
    async def name(ctx: Ctx) -> str:
        """Ask for a name."""
        return f"Hello {await ctx.ask('Your name?')}."

    @made.message(lambda msg: msg.form_answer is not None)
    async def ordered(msg: Message) -> str:
        return f"Ordered: {msg.form_answer}"

    @made.message()
    async def else_(msg: Message) -> str:
        return f"{msg.form_answer} ?"

    return made


async def test_a_form_that_was_filled_in_reaches_a_handler_also_after_a_crash(
    tmp_path: Path, bot_level: Level
) -> None:
    async with with_forms().testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.says("/order") == [FORM]
        await world.crash()
        assert await ann.fills(FORM, size="M", n=2) == ["Ordered: {'size': 'M', 'n': 2}"]
        assert await ann.repeats() == []
        assert await ann.fills(FORM, size="S") == ["Ordered: {'size': 'S'}"]
        assert await ann.says("hm") == ["None ?"]


async def test_a_form_that_does_not_fit_reaches_no_handler(tmp_path: Path) -> None:
    async with with_forms().testing(tmp_path) as world:
        ann, bob = world.person("Ann"), world.person("Bob")
        await ann.says("/order")
        for values, problem in (
            ({"size": "M", "n": 12}, "How many: this must be a number from 1 up to 9."),
            ({"n": 2}, "Size: this is missing, and has to be filled in."),
            ({"size": "M", "x": 1}, "The form has no field 'x'. Fields: size, n."),
        ):
            assert await ann.fills(FORM, **values) == [problem]
        forged = FormAnswer(ann._heard.newest(FORM).id, {"size": "M"})
        assert await bob.says(forged) == [UNKNOWN]


async def test_a_form_is_no_answer_to_a_question(tmp_path: Path) -> None:
    async with with_forms().testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/order")
        assert await ann.says("/name") == ["Your name?"]
        assert await ann.fills(FORM, size="M") == ["Ordered: {'size': 'M'}"]
        assert await ann.says(FormAnswer(bytes(16), {"size": "M"})) == [UNKNOWN]
        assert await ann.says("Ann") == ["Hello Ann."]

from pathlib import Path
from typing import Annotated, Literal

import pytest

from graphchat_bots import Bot, Ctx, Form, Q
from graphchat_bots.conversation.forms import fields_of


class Address(Form):
    street: Annotated[str, Q("Which street?", max_length=20)]
    house_number: int
    floor: int | None
    country: Literal["NL", "DE"] = "NL"
    tags: Annotated[str, Q("Any tags?")] = "none"


async def test_a_form_is_filled_field_by_field(tmp_path: Path) -> None:
    bot = Bot("post")

    @bot.command()
    async def move(ctx: Ctx) -> str:
        return str(await ctx.fill(Address))

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/move") == ["Which street?"]
        assert await ann.says("x" * 21) == [
            "I need some text, of at most 20 characters. Which street?"
        ]
        assert await ann.says("Main street") == ["House number?"]
        assert await ann.says("7") == ["Floor? (or skip)"]
        assert await ann.says("skip") == ["Country? (or skip) 1) NL 2) DE"]
        assert await ann.says("de") == ["Any tags? (or skip)"]
        assert await ann.says("skip") == [
            str(Address("Main street", 7, None, "DE", "none")),
        ]


def test_fields_have_names_that_stay() -> None:
    assert [field.prompt.name for field in fields_of(Address)][:2] == [
        "Address.street",
        "Address.house_number",
    ]


def test_a_field_that_nobody_can_fill_in_is_a_mistake_of_the_bot() -> None:
    class Wrong(Form):
        body: bytes

    with pytest.raises(TypeError):
        list(fields_of(Wrong))

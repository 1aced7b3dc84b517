"""Mistakes that mypy finds in bots: every line that ends with ``# error`` must be one.

`tests/bots/test_context.py` compares; `make types` leaves this file out.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Literal

from graphchat_bots import Bot, Ctx, Event, Form, Message, Next, Q, Role, given

bot = Bot("mistakes")


class Orders:
    def place(self, what: str) -> str:
        return what


@bot.provide
async def orders() -> AsyncIterator[Orders]:
    yield Orders()


@bot.job
async def ring(ctx: Ctx, text: str, times: int = 1, *, shop: Orders = given()) -> str:
    return shop.place(text) * times


@bot.job
async def hush(ctx: Ctx) -> None:
    pass


@bot.command()
async def remind(ctx: Ctx, when: timedelta, shop: Orders) -> str:
    await ctx.later(when, ring, "tea")
    await ctx.later(when, ring, "tea", 2)
    await ctx.later(when, ring, text="tea", times=2)
    await ctx.later(when, hush)
    await ctx.later(when, ring)  # error
    await ctx.later(when, ring, 3)  # error
    await ctx.later(when, ring, "tea", "twice")  # error
    await ctx.later(when, ring, "tea", 2, shop)  # error
    await ctx.later(when, ring, "tea", often=2)  # error
    await ctx.later(when, hush, "tea")  # error
    await ctx.later(5, ring, "tea")  # error
    await ctx.later(when, shop.place, "tea")  # error
    found = await ctx.get(Orders)
    return found.place(3)  # error


@bot.message()
async def text(msg: Message) -> str:
    return msg.text


@bot.message()  # error
async def number(msg: Message) -> int:
    return len(msg.text)


@bot.command()  # error
async def several() -> AsyncIterator[int]:
    yield 1


@bot.command()  # error
def plain() -> str:
    return ""


@bot.job  # error
async def count(ctx: Ctx) -> int:
    return 1


@bot.command(role="admin")  # error
async def close() -> str:
    return ""


class Shirt(Form):
    size: Annotated[Literal["S", "M", "L"], Q("Which size?")]
    n: Annotated[int, Q("How many?", ge=1, le=9)]


async def place(size: str, n: int, *, gift: bool = False) -> str:
    return f"{size}{n}{gift}"


@bot.command()
async def order(ctx: Ctx) -> str:
    shirt = await ctx.fill(Shirt)
    shirt = Shirt(size="S", n=1)
    shirt = Shirt(size="S", n=1, colour="red")  # error
    shirt = Shirt(size="XL", n=1)  # error
    shirt = Shirt(size="S")  # error
    shirt.n = "two"  # error
    ref = await ctx.step(place, shirt.size, shirt.n)
    ref = await ctx.step(place, shirt.size, n=shirt.n, gift=True)
    ref = await ctx.step(place, shirt.size)  # error
    ref = await ctx.step(place, shirt.n, shirt.size)  # error
    ref = await ctx.step(place, shirt.size, shirt.n, "gift")  # error
    ref = await ctx.step(place, shirt.size, shirt.n, paid=True)  # error
    ref = await ctx.step(place(shirt.size, shirt.n))  # error
    number: int = await ctx.step(place, shirt.size, shirt.n)  # error
    count: int = await ctx.ask("How many?", int)
    count = await ctx.ask("How many?")  # error
    await ctx.fill(Role)  # error
    await ctx.send(count)  # error
    return f"{ref} {number} {shirt.colour}"  # error


@bot.command()  # error
async def price(ctx: Ctx) -> int:
    return await ctx.ask("How much?", int)


@bot.message(lambda msg: msg.sender.role < Role.MODERATOR, limit="5/min")
async def limited(msg: Message) -> str:
    return msg.text


@bot.message(lambda msg: msg.nothing)  # error
async def wrong(msg: Message) -> str:
    return ""


@bot.middleware
async def audit(event: Event, call_next: Next) -> None:
    await call_next(event)
    await call_next(event.message)  # error


@bot.middleware  # error
async def judge(event: Event, call_next: Next) -> bool:
    await call_next(event)
    return True

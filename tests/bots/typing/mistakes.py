"""Mistakes that mypy finds in bots: every line that ends with ``# error`` must be one.

`tests/bots/test_context.py` compares; `make types` leaves this file out.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

from graphchat_bots import Bot, Ctx, Event, Message, Next, Role, given

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

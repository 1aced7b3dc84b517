"""Calls a handler: gives it what it asks for, and says what it answers."""

from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from typing import cast

from graphchat_bots.context import Ctx
from graphchat_bots.handler import Handler
from graphchat_bots.message import Event, Message, Reaction, Sender
from graphchat_bots.reply import ANSWERS, Answer, Reply
from graphchat_bots.states import States


async def call(handler: Handler, ctx: Ctx, states: States, values: Mapping[str, object]) -> None:
    """Run ``handler``; what it answers is in the turn of ``ctx`` afterwards.

    ``values`` are its arguments, and whatever else is decided already. Raises what the
    handler raises, `TypeError` if it answers with something that is no answer.
    """
    given = {
        name: await _provide(annotation, ctx, states)
        for name, annotation in handler.given.items()
        if name not in values
    }
    for name, annotation in handler.provided.items():
        given[name] = await ctx.get(cast("type[object]", annotation))
    answers = handler.call({**values, **given})
    if isinstance(answers, AsyncGenerator):
        # Closed here, not by the garbage collector: its `finally` is part of the turn.
        async with aclosing(answers):
            async for answer in answers:
                await _say(handler, ctx, answer)
    else:
        assert isinstance(answers, Awaitable)  # `inspect_handler` lets nothing else in
        await _say(handler, ctx, await answers)


async def _provide(annotation: object, ctx: Ctx, states: States) -> object:
    if annotation is Ctx:
        return ctx
    if annotation is Event:
        return ctx.event
    if annotation is Sender:
        return ctx.sender
    if annotation is Message:
        return ctx.message
    if annotation is Reaction:
        return ctx.event.reaction
    assert isinstance(annotation, type)  # `inspect_handler` lets nothing else in
    return await states.load(annotation)


async def _say(handler: Handler, ctx: Ctx, answer: Answer) -> None:
    if answer is not None and not isinstance(answer, ANSWERS):
        raise TypeError(f"{handler.name} answered with {type(answer).__name__}, not text or Reply")
    if answer is not None and answer not in ("", Reply()):  # nothing that anybody could read
        await ctx.send(answer)

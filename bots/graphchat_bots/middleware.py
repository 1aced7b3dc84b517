"""What runs round every event: an onion of functions, the first decorated outermost.

The layers are part of the event's turn. What a layer lets through and then fails is undone up
to where it began, so a layer may catch the error and answer something else.
"""

from collections.abc import Awaitable, Callable, Sequence

from graphchat_bots.calling import call
from graphchat_bots.context import Ctx
from graphchat_bots.doing import Doing
from graphchat_bots.handler import Handler, Next
from graphchat_bots.message import Event


async def wrap(
    layers: Sequence[Handler], doing: Doing, ctx: Ctx, core: Callable[[], Awaitable[None]]
) -> None:
    """Run ``core`` within ``layers``, as far as they let it."""
    if not layers:
        await core()
        return
    passed = False

    async def call_next(event: Event) -> None:
        nonlocal passed
        if passed:
            raise RuntimeError("call_next was called twice for one event")
        passed = True
        doing.turn.event = _same(doing.event, event)
        before = doing.mark()
        try:
            await wrap(layers[1:], doing, ctx, core)
        except Exception:
            doing.rewind(before)
            raise

    first = layers[0]
    nexts = {name: call_next for name, kind in first.given.items() if kind == Next}
    await call(first, ctx, doing.states, nexts)


def _same(old: Event, new: Event) -> Event:
    """Return ``new``; a layer may change what was said, but not where, by whom, or its id."""
    if (old.id, old.kind, old.chat, old.sender.id) != (new.id, new.kind, new.chat, new.sender.id):
        raise ValueError("call_next was called with another event than the one that was given")
    return new

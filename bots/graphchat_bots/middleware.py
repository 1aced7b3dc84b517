"""What runs round every event: an onion of functions, the first decorated outermost.

The layers are part of the event's turn. What a layer lets through and then fails is undone up
to where it began, so a layer may catch the error and answer something else.
"""

from collections.abc import Awaitable, Callable, Sequence

from graphchat_bots.calling import call
from graphchat_bots.context import Ctx
from graphchat_bots.handler import Handler, Next
from graphchat_bots.message import Event
from graphchat_bots.states import States
from graphchat_bots.turn import Turn


async def wrap(
    layers: Sequence[Handler],
    turn: Turn,
    ctx: Ctx,
    states: States,
    core: Callable[[], Awaitable[None]],
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
        turn.event = _same(turn.event, event)
        before, remembered = turn.mark(), states.mark()
        try:
            await wrap(layers[1:], turn, ctx, states, core)
        except Exception:
            turn.rewind(before)
            states.rewind(remembered)
            raise

    first = layers[0]
    nexts = {name: call_next for name, kind in first.given.items() if kind == Next}
    await call(first, ctx, states, nexts)


def _same(old: Event, new: Event) -> Event:
    """Return ``new``; a layer may change what was said, but not where, by whom, or its id."""
    if (old.id, old.kind, old.chat, old.sender.id) != (new.id, new.kind, new.chat, new.sender.id):
        raise ValueError("call_next was called with another event than the one that was given")
    return new

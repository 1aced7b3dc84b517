"""Where things come in that are no events of the chat network: calls of a webhook, for example."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar, final

import msgspec

from graphchat.errors import StateError

if TYPE_CHECKING:
    # Making a bot loads neither its database nor its network.
    from graphchat_bots.activity import Activity
    from graphchat_bots.context import Ctx
    from graphchat_bots.plan import Plan
    from graphchat_bots.reply import Answer
    from graphchat_bots.store import BotStore
    from graphchat_bots.timer import Timer

P = ParamSpec("P")
S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Open:
    """What an inlet needs of the bot that runs."""

    activity: "Activity"
    timer: "Timer"
    stir: Callable[[], None]
    """Lets the bot look for jobs."""


@final
class Inlet:
    """Lets a provider start jobs of the bot: a parameter of this type is given to it."""

    def __init__(self, plan: "Plan", store: "BotStore") -> None:
        self._plan: Final = plan
        self._store: Final = store
        self._open: Open | None = None

    def open(self, by: Open) -> None:
        """Take things in from now on. For the runtime."""
        self._open = by

    def close(self) -> None:
        """Take nothing in any more. For the runtime."""
        self._open = None

    async def post(
        self,
        chat: str,
        id: str,  # noqa: A002 - as messages and events have it
        job: "Callable[Concatenate[Ctx, P], Awaitable[Answer] | AsyncIterator[Answer]]",
        *args: P.args,
        **named: P.kwargs,
    ) -> bool:
        """Run a function decorated with ``@bot.job`` in ``chat``, soon; see `Ctx.later`.

        When this returns, that is on disk: whoever has brought it may be told that it has
        arrived. The same ``id`` in the same chat has no effect again for 30 days; returns
        whether it was new. The sender of the job's event is nobody, with an empty id.

        Raises `StateError` while the bot does not run: before the ``yield`` of a provider, and
        once it is stopping. Raises `UserError` and `TypeError` as `Ctx.later`.
        """
        from graphchat_bots.context import storable  # noqa: PLC0415 - it needs the database
        from graphchat_bots.message import Sender  # noqa: PLC0415
        from graphchat_bots.turn import Job  # noqa: PLC0415

        door = self._open
        if door is None:
            raise StateError("The bot does not run now, so it takes nothing in. Try again later.")
        # From here on a stop waits until this is on disk.
        door.activity.begin(chat)
        try:
            name, body = self._plan.pack(job, args, named)
            storable(body, await self._store.count_jobs(chat))
            key = f"post-{sha256(msgspec.msgpack.encode((chat, id))).hexdigest()}"
            now = door.timer.now()
            is_new = await self._store.post(Job(key, name, chat, Sender("", ""), body, now), now)
        finally:
            door.activity.end(chat)
        if is_new:
            door.stir()
        return is_new

    async def state(self, kind: type[S]) -> S:
        """Return what is stored of a state of the whole bot, to look at: changes are not kept.

        Raises `TypeError` if it is no state of scope ``bot``.
        """
        if self._plan.scopes.get(kind) != "bot":
            raise TypeError(f'{kind.__name__} is none of @bot.state(scope="bot")')
        body = await self._store.state("", "", kind.__name__)
        return kind() if body is None else msgspec.msgpack.decode(body, type=kind)

"""A message that grows while a handler writes it."""

from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, final

from graphchat.content.spoken import MAX_TEXT
from graphchat.errors import ContentError
from graphchat_bots.turn import Turn

if TYPE_CHECKING:
    from graphchat_bots.growing import Growing


@final
class Stream:
    """A message that grows while it is written. Use it with ``async with``, or without."""

    def __init__(self, growing: "Growing", turn: Turn) -> None:
        self._growing = growing
        self.turn: Final = turn
        self.id: Final = turn.grow()
        """The id of the message."""
        self._text = ""
        self._due = 0.0

    async def write(self, text: str) -> None:
        """Append ``text``; people see it now, or with what is written later.

        Raises `ContentError` if the message becomes longer than 100,000 characters.
        """
        if len(self._text) + len(text) > MAX_TEXT:
            raise ContentError(f"A message has at most {MAX_TEXT:,} characters. Begin another.")
        self._text += text
        self.turn.grown(self.id, self._text)
        if self._text.strip() and self._growing.is_due(self._due):
            await self.flush()

    async def flush(self) -> None:
        """Let people see all that is written so far, without waiting for more."""
        await self._growing.show(self.turn, self.id, self._text)
        self._due = self._growing.due()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left to do: the turn has the whole text."""

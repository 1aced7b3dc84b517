"""A message that the bot has said: what a handler can still do with it."""

from collections.abc import Callable
from typing import Final, final

from graphchat import content


@final
class Sent:
    """A message of the bot's own.

    Like all else that a handler does, what is asked for here happens when it has ended well.
    """

    def __init__(self, id: bytes, say: Callable[[content.Message], object]) -> None:  # noqa: A002 - as `Message` has it
        self.id: Final = id
        """The same after a crash. Give it to a job to edit the message later: `Ctx.sent`."""
        self._say = say

    async def edit(self, text: str) -> None:
        """Let the message, or the caption of a picture, say something else.

        Raises `ContentError` if it is longer than a text may be. What can have no other text,
        such as a file, goes to the dead letters.
        """
        self._say(content.Edit(self.id, text))

    async def delete(self) -> None:
        """Take the message back: the other side forgets it, too."""
        self._say(content.Delete(self.id))

"""What becomes of a message that was sent."""

import asyncio
from contextlib import suppress
from datetime import datetime

from graphchat.client.live import STATES, MessageState, Progress
from graphchat.ids import MessageId


class Receipt:
    """A message of ours on its way: queued, sent (a relay has it), delivered (they have it).

    The message is stored: it goes on its way whether or not anybody waits here.
    """

    def __init__(self, progress: Progress, sent_at: datetime) -> None:
        self._progress = progress
        self.sent_at = sent_at

    @property
    def id(self) -> MessageId:
        return MessageId(self._progress.message_id)

    @property
    def state(self) -> MessageState:
        return self._progress.state

    async def sent(self) -> None:
        """Return once one relay has acknowledged the message."""
        await self._reached("sent")

    async def sent_within(self, seconds: float) -> None:
        """Return as `sent`, or after so many seconds; `state` tells which it was."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.sent()

    async def delivered(self) -> None:
        """Return once the other side has signed that it has the message."""
        await self._reached("delivered")

    async def _reached(self, state: MessageState) -> None:
        while STATES.index(self._progress.state) < STATES.index(state):
            await self._progress.pulse.wait()

    def __repr__(self) -> str:
        return f"<Receipt, {self.state}>"

"""How much a bot may take, and how long."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

OnChange = Literal["abort", "restart", "migrate"]
"""What becomes of a conversation whose handler has changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a bot may take, and how long."""

    tries: int = 3
    """How often an event or a job is tried before it is set aside."""
    patience: timedelta = timedelta(minutes=5)
    """How long one handler may run; waiting for an answer does not count."""
    drain: timedelta = timedelta(seconds=20)
    """How long a stop waits for handlers that have begun."""
    chat_rate: float = 5.0
    """Messages a second that leave to one chat, after a burst; 0: as many as there are."""
    chat_burst: int = 20
    """Messages that leave to one chat at once."""
    rate: float = 0.0
    """Messages a second that leave to all chats together; 0: as many as there are."""
    stream_every: timedelta = timedelta(seconds=1)
    """How often people see more of a message that grows."""
    max_file: int = 25 * 2**20
    """Bytes of the largest file that a handler can download."""
    waiting: timedelta = timedelta(days=7)
    """How long a question waits for its answer, unless it says so itself."""
    on_change: OnChange = "abort"
    """What becomes of a conversation whose handler has changed since it began: ``abort`` says
    sorry, ``restart`` begins anew, ``migrate`` keeps the answers by the names of questions."""

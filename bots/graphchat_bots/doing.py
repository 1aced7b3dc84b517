"""Everything that one event sets off, until it is stored as a whole."""

from dataclasses import dataclass, field

from graphchat_bots.conversation.record import Change
from graphchat_bots.conversation.run import Run
from graphchat_bots.message import Event
from graphchat_bots.states import Bodies, States
from graphchat_bots.store import StateRow
from graphchat_bots.turn import Turn

Mark = tuple[tuple[object, ...], Bodies]
"""What an event had set off at some moment."""


@dataclass(slots=True)
class Doing:
    """What is being done about one event."""

    turn: Turn
    at: float
    """Seconds since 1970, for the handler too."""
    states: States
    changes: dict[str, Change] = field(default_factory=dict[str, Change])
    """What becomes of conversations, by their ids."""
    runs: list[Run] = field(default_factory=list[Run])
    """Handlers that wait: kept if all this is stored, closed if not."""

    rows: tuple[StateRow, ...] = ()
    """States that have changed, once all handlers have ended."""
    begun: int = 0

    @property
    def event(self) -> Event:
        return self.turn.event

    def next_id(self) -> str:
        """Return the id of the next conversation: several handlers may be called."""
        id_ = f"{self.event.id}/{self.begun}" if self.begun else self.event.id
        self.begun += 1
        return id_

    def mark(self) -> Mark:
        """Return what was done so far, for `rewind`."""
        return self.turn.mark(), self.states.mark()

    def rewind(self, before: Mark) -> None:
        """Undo what was done since `mark`; that conversations have ended stays."""
        turn, states = before
        self.turn.rewind(turn)
        self.states.rewind(states)
        self.changes = {id_: each for id_, each in self.changes.items() if not each.waiting}
        for run in self.runs:
            run.close()
        self.runs.clear()

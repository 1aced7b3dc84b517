"""What the parts of one relay share."""

from dataclasses import dataclass, field

from graphchat.clock import Clock
from graphchat_relay.auth import Recent
from graphchat_relay.ledger import Ledger
from graphchat_relay.limits import Limits
from graphchat_relay.metrics import Metrics
from graphchat_relay.service.live import LiveQueues
from graphchat_relay.service.queues import Entry
from graphchat_relay.store import Store


@dataclass(slots=True)
class Shared:
    store: Store
    clock: Clock
    limits: Limits
    metrics: Metrics = field(default_factory=Metrics)
    ledger: Ledger = field(init=False)
    live: LiveQueues = field(init=False)
    recent: Recent[Entry] = field(init=False)
    """Requests to send of the last minutes, and which message each is while it is not safe."""

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.limits.memory_ceiling)
        self.live = LiveQueues(self.store, self.ledger)
        self.recent = Recent(self.clock)

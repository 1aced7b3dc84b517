"""The figures of bots as Prometheus reads them."""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from graphchat_bots.figures import BUCKETS, Figures

GAUGES: Final[Mapping[str, str]] = {
    "ready": "Whether the bot receives, and a relay is reachable",
    "waiting": "Events and jobs that wait in mailboxes",
    "chats": "Chats that something goes on in",
    "outbox": "Messages that have not left yet",
    "outbox_age_seconds": "How long the message that is tried longest has been tried",
    "jobs_due": "Jobs whose time has come and that have not run",
    "dead_letters": "What was set aside and waits for somebody to look",
}
COUNTERS: Final[Mapping[str, str]] = {
    "sent": "Messages that have left",
    "unsent": "Tries to send that failed",
    "commits": "Transactions of the bot's store",
    "committed": "What was written in them; by commits: how much shares one",
}


class _Families(Collector):
    """The figures of several bots, told apart by a label."""

    def __init__(self, bots: Mapping[str, tuple[Figures, Mapping[str, float]]]) -> None:
        self._bots = bots

    def collect(self) -> Iterable[Metric]:
        yield self._events()
        yield self._durations()
        for names, family in ((GAUGES, GaugeMetricFamily), (COUNTERS, CounterMetricFamily)):
            for name, help_ in names.items():
                metric = family(f"graphchat_bot_{name}", help_, labels=("bot",))
                for bot, (_, values) in self._bots.items():
                    metric.add_metric((bot,), values[name])
                yield metric

    def _events(self) -> Metric:
        events = CounterMetricFamily(
            "graphchat_bot_events",
            "Events and tries, by how they ended",
            labels=("bot", "kind", "end"),
        )
        for bot, (figures, _) in self._bots.items():
            for (kind, end), count in figures.events.items():
                events.add_metric((bot, kind, end), count)
        return events

    def _durations(self) -> Metric:
        metric = HistogramMetricFamily(
            "graphchat_bot_handler_seconds", "How long handlers ran", labels=("bot", "handler")
        )
        ends = [*(str(end) for end in BUCKETS), "+Inf"]
        for bot, (figures, _) in self._bots.items():
            for handler, durations in figures.handlers.items():
                buckets = list(zip(ends, accumulate(durations.counts), strict=True))
                metric.add_metric((bot, handler), buckets, durations.seconds)
        return metric


def exposition(bots: Mapping[str, tuple[Figures, Mapping[str, float]]]) -> bytes:
    """Return the figures and gauges of bots, by their names, as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(bots))
    return generate_latest(registry)

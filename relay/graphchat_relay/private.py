"""The private face of a relay: probes and figures, for its operator only."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from graphchat_relay.metrics import NAMES, Metrics

Gauges = Callable[[], Mapping[str, float]]


class Figures(Collector):
    """Reads the counters when somebody asks."""

    def __init__(self, metrics: Metrics, gauges: Gauges) -> None:
        self._metrics = metrics
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        for name, value in self._metrics.totals().items():
            yield CounterMetricFamily(f"graphchat_relay_{name}", NAMES[name], value)
        for name, number in self._gauges().items():
            yield GaugeMetricFamily(f"graphchat_relay_{name}", name.replace("_", " "), number)


def private_app(
    metrics: Callable[[], Metrics], gauges: Gauges, ready: Callable[[], bool]
) -> Starlette:
    """Return the application with /livez, /readyz and /metrics."""

    async def livez(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        return PlainTextResponse("ok\n") if ready() else PlainTextResponse("not ready\n", 503)

    async def figures(request: Request) -> Response:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Figures(metrics(), gauges))
        return Response(
            generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", figures),
        ]
    )

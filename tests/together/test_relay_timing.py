"""Nobody can tell one refusal from another: not by its bytes, nor by its time."""

import json
from pathlib import Path
from typing import Final

import pytest
from tests.bench._worker import Figures
from tests.bench.timing import ALIKE, PAIRS, Ask, compare, refusals
from tests.relay.support import Answer, Clients, clients

from graphchat.testing import relay

# The ratio of the medians of requests that take turns; a busy machine gets a few tries.
CLOSE: Final = 1.1
TRIES: Final = 5
REPORT: Final = Path(__file__).parents[2] / "build" / "timing.json"


def shape(answer: Answer) -> tuple[object, ...]:
    return (answer.status, answer.body, sorted(answer.headers.items()))


async def test_all_refusals_look_the_same() -> None:
    async with relay() as served, clients(served.uri) as peers:
        shapes = set()
        for method, uri, body, options in (await refusals(peers)).values():
            answer = await peers.rest.ask(method, uri, body, **options)
            assert answer.status == 401
            shapes.add(repr(shape(answer)))
        assert len(shapes) == 1, shapes


async def closest(peers: Clients, one: Ask, two: Ask) -> Figures:
    """Return the first figures that are close, or the last ones."""
    found = await compare(peers, one, two, PAIRS)
    for _ in range(TRIES - 1):
        if is_close(found):
            break
        found = await compare(peers, one, two, PAIRS)
    return found


def is_close(found: Figures) -> bool:
    ratio = found["ratio"]
    assert isinstance(ratio, float)
    return ratio <= CLOSE


@pytest.mark.slow
@pytest.mark.alone
async def test_all_refusals_take_the_same_time() -> None:
    report: dict[str, Figures] = {}
    async with relay() as served, clients(served.uri) as peers:
        asks = await refusals(peers)
        for name, others in ALIKE.items():
            for other in others:
                report[f"{name} : {other}"] = await closest(peers, asks[name], asks[other])
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    assert [name for name, found in report.items() if not is_close(found)] == [], report


async def test_an_unknown_queue_takes_the_time_of_a_wrong_key() -> None:
    async with relay("memory:") as served, clients(served.uri) as peers:
        asks = await refusals(peers)
        assert is_close(await closest(peers, asks["unknown"], asks["wrong key"]))

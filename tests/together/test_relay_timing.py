"""Nobody can tell one refusal from another: not by its bytes, nor by its time."""

from base64 import b64encode
from statistics import median
from time import perf_counter
from typing import Any, Final

import pytest
from tests.relay.support import Answer, Clients, clients, envelope, key

from graphchat.testing import relay
from graphchat.wire import rest

PAIRS: Final = 200
# Medians of interleaved requests stay within a tenth; a busy machine gets a few tries.
CLOSE: Final = 0.10
TRIES: Final = 5

Ask = tuple[str, str, bytes, dict[str, Any]]


async def refusals(peers: Clients) -> dict[str, Ask]:
    """Return one request for each reason to refuse."""
    ways = peers.rest
    secured, open_one = await ways.queue("alice", "bob"), await ways.queue("alice", None)
    gone = await ways.queue("alice", "bob")
    assert (await ways.ask("DELETE", gone.recipient_uri, by="alice")).status == 200
    unknown = f"{peers.address.base}/{'A' * 24}"
    keys = rest.encode(rest.SecureQueue(key("eve").public))
    asks: dict[str, Ask] = {
        "unknown": ("GET", f"{unknown}/messages", b"", {"by": "alice"}),
        "malformed": ("GET", f"{peers.address.base}/short/messages", b"", {"by": "alice"}),
        "deleted": ("GET", f"{gone.recipient_uri}/messages", b"", {"by": "alice"}),
        "wrong key": ("GET", f"{secured.recipient_uri}/messages", b"", {"by": "eve"}),
        "wrong role": ("GET", f"{secured.sender_uri}/messages", b"", {"by": "bob"}),
        "unsigned": ("GET", f"{secured.recipient_uri}/messages", b"", {}),
        "no signature": (
            "GET",
            f"{secured.recipient_uri}/messages",
            b"",
            {"headers": {"Authorization": "GraphChat x"}},
        ),
        "too old": (
            "GET",
            f"{secured.recipient_uri}/messages",
            b"",
            {"by": "alice", "late": -999},
        ),
        "no message": ("GET", f"{secured.recipient_uri}/messages/{'A' * 16}", b"", {"by": "eve"}),
        "secured by another": ("PUT", secured.recipient_uri, keys, {"by": "eve"}),
    }
    body = b'{"msg":"%s"}' % b64encode(envelope())
    for name, uri, who in (
        ("send to nobody", unknown, "bob"),
        ("send with a wrong key", secured.sender_uri, "eve"),
        ("send unsigned", secured.sender_uri, None),
        ("send signed to an open queue", open_one.sender_uri, "eve"),
        ("send to a recipient", secured.recipient_uri, "alice"),
    ):
        asks[name] = ("POST", f"{uri}/messages", body, {"by": who} if who else {})
    return asks


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


async def medians(peers: Clients, one: Ask, two: Ask) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(2 * PAIRS):
        method, uri, body, options = (one, two)[turn % 2]
        start = perf_counter()
        await peers.rest.ask(method, uri, body, **options)
        times[turn % 2].append(perf_counter() - start)
    return median(times[0]), median(times[1])


async def are_close(peers: Clients, one: Ask, two: Ask) -> bool:
    for _ in range(TRIES):
        first, second = await medians(peers, one, two)
        if abs(first - second) <= CLOSE * max(first, second):
            return True
    return False


@pytest.mark.slow
async def test_all_refusals_take_the_same_time() -> None:
    async with relay() as served, clients(served.uri) as peers:
        asks = await refusals(peers)
        for name in ("malformed", "deleted", "wrong key", "wrong role", "too old"):
            assert await are_close(peers, asks["unknown"], asks[name]), name
        for name in ("send with a wrong key", "send to a recipient"):
            assert await are_close(peers, asks["send to nobody"], asks[name]), name


async def test_an_unknown_queue_takes_the_time_of_a_wrong_key() -> None:
    async with relay("memory:") as served, clients(served.uri) as peers:
        asks = await refusals(peers)
        assert await are_close(peers, asks["unknown"], asks["wrong key"])

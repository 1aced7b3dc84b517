"""How alike refusals are in time: medians of two kinds of requests that take turns.

Read the ratios, and how often the one was slower than the other: 0.5 tells nothing. The times
are of this machine, with both ends on it.
"""

from base64 import b64encode
from collections.abc import Mapping
from statistics import median
from time import perf_counter
from typing import Any, Final

from tests.bench._worker import Figures
from tests.relay.support import Clients, clients, envelope, key

from graphchat.testing import relay
from graphchat.wire import rest

PAIRS: Final = 200
ALIKE: Final[Mapping[str, tuple[str, ...]]] = {
    "unknown": ("malformed", "deleted", "wrong key", "wrong role", "too old"),
    "unknown, unsigned": ("unsigned",),
    "send to nobody": (
        "send with a wrong key",
        "send signed to an open queue",
        "send to a recipient",
    ),
    "send to nobody, unsigned": ("send unsigned",),
}
"""Which refusals nobody is to tell apart.

Who asks knows whether he signed, and signing takes his own time: so a request without a
signature is compared with another without one.
"""

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
        "unknown, unsigned": ("GET", f"{unknown}/messages", b"", {}),
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
        ("send to nobody, unsigned", unknown, None),
        ("send with a wrong key", secured.sender_uri, "eve"),
        ("send unsigned", secured.sender_uri, None),
        ("send signed to an open queue", open_one.sender_uri, "eve"),
        ("send to a recipient", secured.recipient_uri, "alice"),
    ):
        asks[name] = ("POST", f"{uri}/messages", body, {"by": who} if who else {})
    return asks


async def compare(peers: Clients, one: Ask, two: Ask, pairs: int) -> Figures:
    """Time both, in turns; return medians, their ratio, and how often ``two`` was slower."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(2 * pairs):
        method, uri, body, options = (one, two)[turn % 2]
        start = perf_counter()
        await peers.rest.ask(method, uri, body, **options)
        times[turn % 2].append(perf_counter() - start)
    first, second = map(median, times)
    slower = sum(a < b for a, b in zip(*times, strict=True)) / pairs
    return {
        "first (microseconds)": 1e6 * first,
        "second (microseconds)": 1e6 * second,
        "ratio": max(first, second) / min(first, second),
        "second slower (share)": slower,
    }


async def run(quick: bool) -> Figures:  # noqa: FBT001 - as every benchmark
    """Compare every pair."""
    found: dict[str, Figures] = {}
    async with relay() as served, clients(served.uri) as peers:
        asks = await refusals(peers)
        for name, others in ALIKE.items():
            for other in others:
                pairs = PAIRS // 10 if quick else 5 * PAIRS
                found[f"{name} : {other}"] = await compare(peers, asks[name], asks[other], pairs)
    return found

import msgspec
import pytest

from graphchat.content import LaneAccept, LaneAdd, LaneRemove, LaneTest, Offer, decode, encode
from graphchat.errors import ContentError, RemoteProtocolError

OFFER = Offer(bytes(16), "https://relay.example/q", bytes(18), bytes(32), bytes(32))
SEED = bytes(32)


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_has_32_bytes(seed: bytes) -> None:
    with pytest.raises(ContentError):
        LaneAdd(16, OFFER, seed, "more")
    with pytest.raises(ContentError):
        LaneAccept(16, OFFER, seed)


def test_what_says_something_of_lanes_comes_back_as_it_went() -> None:
    for message in (
        LaneAdd(16, OFFER, SEED, "drops", 1),
        LaneAdd(17, OFFER, SEED, "more"),
        LaneAccept(16, OFFER, SEED),
        LaneTest(16, heard=True),
        LaneRemove(1),
    ):
        assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "change",
    [
        {"number": -1},
        {"number": 2**53 + 1},
        {"why": "because"},
        {"replaces": -1},
        {"offer": [bytes(16), "https://relay.example/q", bytes(18), bytes(32)]},
        {"offer": [bytes(15), "https://relay.example/q", bytes(18), bytes(32), bytes(32)]},
        {"offer": [bytes(16), "", bytes(18), bytes(32), bytes(32)]},
    ],
    ids=str,
)
def test_an_offer_out_of_its_limits_is_refused(change: dict[str, object]) -> None:
    fields = msgspec.msgpack.decode(encode(LaneAdd(16, OFFER, SEED, "drops", 1)))
    with pytest.raises(RemoteProtocolError):
        decode(msgspec.msgpack.encode({**fields, **change}))

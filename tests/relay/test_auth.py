import pytest
from hypothesis import given, strategies as st
from tests.relay.support import key

from graphchat.ids import Fingerprint
from graphchat.testing.clock import FakeClock
from graphchat.wire.limits import CLOCK_SKEW, NONCE_MEMORY
from graphchat.wire.signing import Authorization, request_bytes
from graphchat_relay.auth import Proof, Recent, Shown, allows, id_hash, request_proof

ALICE = key("alice")
FP = Fingerprint(bytes(16))
NONCE = "A" * 22


@given(st.binary(max_size=70), st.binary(max_size=40), st.binary(max_size=70))
def test_nothing_but_a_signature_opens(public: bytes, data: bytes, signature: bytes) -> None:
    assert not allows(public, Proof("name", data, signature))
    assert not allows(ALICE.public, Proof("name", data, signature))
    assert not allows(b"", Proof("name", data, ALICE.sign(data)))
    assert not allows(ALICE.public, Proof("name", data))
    assert not allows(ALICE.public, Proof("name", data, ALICE.sign(data), valid=False))
    assert allows(ALICE.public, Proof("name", data, ALICE.sign(data)))


def test_the_stand_ins_open_nothing() -> None:
    for name in (Proof("x", b"decoy"), Proof("x", b"decoy", b"")):
        assert not allows(b"", name)


@pytest.mark.parametrize(
    ("late", "valid"),
    [(0, True), (CLOCK_SKEW, True), (-CLOCK_SKEW, True), (CLOCK_SKEW + 1, False), (-999, False)],
)
def test_a_request_is_good_for_five_minutes(late: int, valid: bool) -> None:  # noqa: FBT001 - a parameter
    clock = FakeClock()
    ts = int(clock.now()) + late
    signed = request_bytes("GET", FP, "/q/x?y", ts, NONCE, b"body")
    header = Authorization(ts, NONCE, ALICE.sign(signed)).header
    found = request_proof(clock, FP, "x", Shown("GET", "/q/x?y", header, b"body"))
    assert allows(ALICE.public, found) is valid
    assert found.nonce == NONCE
    for changed in (
        Shown("PUT", "/q/x?y", header, b"body"),
        Shown("GET", "/q/x", header, b"body"),
        Shown("GET", "/q/x?y", header, b"Body"),
        Shown("GET", "/q/x?y", "Bearer x", b"body"),
        Shown("GET", "/q/x?y", None, b"body"),
    ):
        assert not allows(ALICE.public, request_proof(clock, FP, "x", changed))


@given(st.text())
def test_whatever_is_asked_for_has_a_hash(name: str) -> None:
    assert len(id_hash(name)) == 32
    assert id_hash(name) != id_hash(name + "A")


def test_what_was_seen_is_known_for_ten_minutes() -> None:
    clock = FakeClock()
    recent: Recent[str] = Recent(clock)
    digest = recent.digest(1, "id", b"body")
    recent.add(digest, "entry")
    clock.advance(NONCE_MEMORY - 1)
    recent.add(recent.digest(1, "other", b""), "other")
    assert digest in recent
    assert recent.get(digest) == "entry"
    recent.settle(digest)
    assert digest in recent
    assert recent.get(digest) is None
    clock.advance(3 * NONCE_MEMORY)
    recent.add(recent.digest(1, "late", b""), "late")
    assert digest not in recent


def test_another_queue_name_or_body_is_another_request() -> None:
    recent: Recent[str] = Recent(FakeClock(b"one"))
    digests = {
        recent.digest(1, "id", b"body"),
        recent.digest(2, "id", b"body"),
        recent.digest(1, "di", b"body"),
        recent.digest(1, "id", b"Body"),
        Recent[str](FakeClock(b"two")).digest(1, "id", b"body"),
    }
    assert len(digests) == 5


def test_what_failed_is_not_remembered() -> None:
    recent: Recent[str] = Recent(FakeClock())
    digest = recent.digest(1, "id", b"")
    recent.add(digest, "entry")
    recent.forget(digest)
    assert digest not in recent


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recent, "SIZE", 100)
    recent: Recent[int] = Recent(FakeClock())
    digests = [recent.digest(1, str(n), b"") for n in range(1000)]
    for number, digest in enumerate(digests):
        recent.add(digest, number)
    kept = [digest for digest in digests if digest in recent]
    assert 100 <= len(kept) <= 200
    assert kept == digests[-len(kept) :], "the oldest are forgotten first"

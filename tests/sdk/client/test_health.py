from pathlib import Path

from graphchat.client.health import MOST, Health, RelayHealth
from graphchat.client.unit import Unit
from graphchat.ids import Fingerprint
from graphchat.store import Database
from graphchat.testing.clock import FakeClock
from graphchat.wire.uri import RelayAddress

RELAY = RelayAddress("https://relay.example/q", Fingerprint(b"f" * 16))
OTHER = RelayAddress("https://other.example/q", Fingerprint(b"o" * 16))


def blamed(health: Health, why: str, *, ours: bool = False) -> Unit:
    unit = Unit()
    health.blame(unit, RELAY.fingerprint, RELAY.base, why, ours=ours)  # type: ignore[arg-type]
    return unit


def test_a_relay_is_down_since_it_was_heard_of_last() -> None:
    clock = FakeClock()
    health = Health(clock)
    assert health.down_since(RELAY) == 0
    health.heard(RELAY, up=False)
    since = clock.now()
    clock.advance(5)
    health.heard(RELAY, up=False)
    assert health.down_since(RELAY) == since
    health.heard(RELAY, up=True)
    assert health.down_since(RELAY) == 0


def test_each_fault_is_counted_and_makes_a_relay_worse_than_others() -> None:
    health = Health(FakeClock())
    for why, ours in (("drops", False), ("away", False), ("drops", True)):
        blamed(health, why, ours=ours)
    found = health.of(RELAY)
    assert (found.dropped, found.away, found.reported) == (1, 1, 1)
    health.heard(OTHER, up=False)
    assert health.demerits(RELAY) > health.demerits(OTHER) > 0


def test_what_could_not_be_stored_is_not_counted() -> None:
    health = Health(FakeClock())
    blamed(health, "drops").fail()
    assert health.of(RELAY).dropped == 0


def test_only_so_many_relays_are_remembered() -> None:
    health = Health(FakeClock())
    for number in range(MOST + 1):
        name = Fingerprint(number.to_bytes(16, "big"))
        health.of(RelayAddress("https://relay.example/q", name))
    first = health.of(RelayAddress("https://relay.example/q", Fingerprint(bytes(16))))
    assert first == RelayHealth("https://relay.example/q")


async def test_faults_are_known_after_a_restart_and_whether_it_is_up_is_not(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with Database.open(tmp_path / "a.db", None, clock=clock) as database:
        health = Health(clock)
        health.heard(RELAY, up=True)
        await blamed(health, "drops").commit(database)
        again = Health(clock)
        await database.read(again.load)
    assert (again.of(RELAY).dropped, again.of(RELAY).up) == (1, None)

from graphchat.testing.clock import FakeClock
from graphchat.transport.backoff import Backoff


def test_waits_double_up_to_the_most_and_are_shortened_by_half_at_most() -> None:
    backoff = Backoff(FakeClock(b"dice"), 0.5, 60.0)
    waits = [backoff.wait() for _ in range(12)]
    for wait, base in zip(waits, [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60], strict=True):
        assert base / 2 < wait <= base


def test_two_clients_do_not_come_back_at_the_same_moment() -> None:
    waits = {Backoff(FakeClock(bytes([n])), 0.5, 60.0).wait() for n in range(20)}
    assert len(waits) > 15


def test_a_good_connection_makes_it_begin_again() -> None:
    backoff = Backoff(FakeClock(), 0.5, 60.0)
    for _ in range(9):
        backoff.wait()
    backoff.reset()
    assert backoff.wait() <= 0.5

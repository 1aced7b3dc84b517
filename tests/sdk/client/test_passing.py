"""Events that are not stored are told once, and keep their place among the rows."""

from graphchat.client.passing import FIRST, MOST, Passing


def test_each_is_told_once_and_to_its_profile() -> None:
    passing = Passing()
    passing.add(1, 7)
    passing.add(1, 8)
    assert passing.waits(1)
    assert not passing.waits(2)
    assert passing.take(2, 0) == []
    assert passing.take(1, 5) == [(FIRST, 7), (FIRST + 1, 8)]
    assert not passing.waits(1)
    assert passing.take(1, 5) == []


def test_what_waits_for_the_same_connection_is_replaced() -> None:
    passing = Passing()
    for _ in range(3):
        passing.add(1, 7)
    assert passing.take(1, 0) == [(FIRST + 2, 7)]


def test_rows_go_on_where_they_were() -> None:
    passing = Passing()
    passing.add(1, 7)
    [(name, _)] = passing.take(1, 41)
    assert passing.row(name) == 41
    assert passing.row(12) == 12
    for connection in range(MOST + 5):
        passing.add(1, connection)
    passing.take(1, 50)
    assert passing.row(name) == 0
    assert len(passing._places) == MOST

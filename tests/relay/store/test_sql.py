import sqlite3

import pytest

from graphchat_relay.store import MessageRow, sql


def write_two(db: sqlite3.Connection) -> None:
    with sql.transaction(db):
        db.execute("INSERT INTO t VALUES (1)")
        db.execute("INSERT INTO nowhere VALUES (1)")


def test_a_failed_transaction_is_rolled_back() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE TABLE t (a)")
    with pytest.raises(sqlite3.OperationalError):
        write_two(db)
    assert not db.in_transaction
    assert db.execute("SELECT count(*) FROM t").fetchone() == (0,)
    with sql.transaction(db):
        db.execute("INSERT INTO t VALUES (1)")
    assert db.execute("SELECT count(*) FROM t").fetchone() == (1,)
    db.close()


@pytest.mark.parametrize("table", ["relay_message", "relay_queue"])
def test_every_look_up_uses_an_index(table: str) -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute(
        "CREATE TABLE relay_queue (key INTEGER PRIMARY KEY, recipient BLOB UNIQUE,"
        " sender BLOB UNIQUE, recipient_key BLOB, sender_key BLOB, day INT)"
    )
    db.execute(
        "CREATE TABLE relay_message (position INTEGER PRIMARY KEY, queue BIGINT, public_id TEXT,"
        " ts BIGINT, msg BLOB)"
    )
    db.execute("CREATE INDEX one ON relay_message (queue)")
    db.execute("CREATE INDEX two ON relay_message (ts)")
    plans: list[str] = []
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    sql.by_recipient(db, [b"a", b"b"])
    sql.by_sender(db, [b"a"])
    sql.heads(db, [1, 2])
    sql.bodies(db, [1, 2])
    sql.expire_messages(db, 5, 5)
    db.set_trace_callback(None)
    for statement in statements:
        if statement.startswith("SELECT") and table in statement:
            plan = db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            plans.extend(line[3] for line in plan)
    assert plans
    assert all(f"SCAN {table}" not in line for line in plans), plans
    db.close()


@pytest.mark.parametrize("count", [0, 1, 5, 64, 256, 300])
def test_many_rows_are_written_and_removed_together(count: int) -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute(
        "CREATE TABLE relay_message (position INTEGER PRIMARY KEY, queue BIGINT, public_id TEXT,"
        " ts BIGINT, msg BLOB)"
    )
    db.execute("CREATE TABLE relay_queue (key INTEGER PRIMARY KEY)")
    db.execute("INSERT INTO relay_queue VALUES (0), (1)")
    rows = [
        MessageRow(number % 3, number, f"id {number}", 7, b"%d" % number)
        for number in range(count)
    ]
    sql.write(db, rows, [])
    found = db.execute("SELECT queue, position, public_id, ts, msg FROM relay_message").fetchall()
    assert [MessageRow(*row) for row in found] == [row for row in rows if row.queue < 2]
    sql.write(db, [MessageRow(1, count, "last", 7, b"x")], range(count))
    assert db.execute("SELECT public_id FROM relay_message").fetchall() == [("last",)]
    db.close()

from dataclasses import replace

from graphchat.store import Cursor, Database
from graphchat_bots.message import Sender
from graphchat_bots.store import BotStore, DeadLetter, Outcome, StateRow
from graphchat_bots.store.outcome import MAX_DEAD, bury, write
from graphchat_bots.turn import Job, Outgoing

JOB = Job("job-1", "ring", "chat", Sender("chat", "Ann"), b"\x90", 10.0)
DEAD = DeadLetter("AAAA-BBBB", "message", "e1", "chat", "Ann", "", b"body", "ValueError", 3, 1.0)
OUTCOME = Outcome(
    "e1",
    1.0,
    is_job=False,
    messages=(Outgoing("chat", b"1" * 16, b"one"), Outgoing("chat", b"2" * 16, b"two")),
    jobs=(JOB,),
    states=(StateRow("chat", "chat", "Count", b"\x80"),),
    dead=DEAD,
)


async def test_everything_that_follows_from_an_event_is_written(database: Database) -> None:
    store = await BotStore.open(database)
    assert await database.write(lambda cursor: write(cursor, OUTCOME))
    assert [out for _, out in await store.outbox(0, 10)] == list(OUTCOME.messages)
    assert await store.jobs((), (), 10) == [JOB]
    assert await store.state("chat", "chat", "Count") == b"\x80"
    assert await store.dead_letters() == [DEAD]


async def test_an_event_that_was_written_before_changes_nothing(database: Database) -> None:
    store = await BotStore.open(database)
    await database.write(lambda cursor: write(cursor, replace(OUTCOME, messages=(), jobs=())))
    assert not await database.write(lambda cursor: write(cursor, OUTCOME))
    assert await store.outbox(0, 10) == []
    assert await store.jobs((), (), 10) == []


async def test_a_job_is_closed_by_its_row_being_gone(database: Database) -> None:
    store = await BotStore.open(database)
    await database.write(lambda cursor: write(cursor, OUTCOME))
    ran = Outcome(JOB.id, 11.0, is_job=True, states=(StateRow("c", "c", "Count", b"1"),))
    assert await database.write(lambda cursor: write(cursor, ran))
    assert await store.jobs((), (), 10) == []
    assert not await database.write(lambda cursor: write(cursor, ran))


async def test_a_job_that_failed_waits_for_its_next_try(database: Database) -> None:
    store = await BotStore.open(database)
    await database.write(lambda cursor: write(cursor, OUTCOME))
    again = replace(JOB, tries=1, due=20.0)
    failed = Outcome(JOB.id, 11.0, is_job=True, again=again)
    assert await database.write(lambda cursor: write(cursor, failed))
    assert await store.jobs((), (), 10) == [again]


async def test_of_very_many_dead_letters_the_newest_are_kept(database: Database) -> None:
    def bury_many(cursor: Cursor) -> None:
        for number in range(MAX_DEAD + 5):
            bury(cursor, replace(DEAD, id=f"e{number}"))

    store = await BotStore.open(database)
    await database.write(bury_many)
    letters = await store.dead_letters()
    assert len(letters) == MAX_DEAD
    assert letters[0].id == "e5"

from graphchat.store import Database
from graphchat_bots.message import Sender
from graphchat_bots.port import Group
from graphchat_bots.store import BotStore, DeadLetter, Outcome
from graphchat_bots.store.queries import SEEN_FOR
from graphchat_bots.turn import Job, Outgoing


def job(number: int, chat: str = "chat") -> Job:
    return Job(f"j{number}", "ring", chat, Sender(chat, "Ann"), b"\x90", float(number))


async def test_a_store_that_was_not_ended_has_crashed(database: Database) -> None:
    first = await BotStore.open(database)
    assert not first.crashed
    second = await BotStore.open(database)
    assert second.crashed
    await second.end()
    assert not (await BotStore.open(database)).crashed


async def test_what_was_seen_is_known(store: BotStore) -> None:
    await store.write(Outcome("e1", 1.0, is_job=False))
    assert await store.seen(["e0", "e1", "e2"]) == {"e1"}


async def test_jobs_come_in_order_but_for_those_that_run(store: BotStore) -> None:
    jobs = (job(3), job(1), job(2, "full"), job(4))
    await store.write(Outcome("e1", 1.0, is_job=False, jobs=jobs))
    assert await store.jobs(["j1"], ["full"], 10) == [job(3), job(4)]
    assert await store.jobs([], [], 2) == [job(1), job(2, "full")]
    assert await store.count_jobs("chat") == 3


async def test_the_outbox_keeps_its_order(store: BotStore) -> None:
    messages = tuple(Outgoing("chat", bytes([n]) * 16, b"x") for n in (3, 1, 2))
    await store.write(Outcome("e1", 1.0, is_job=False, messages=messages))
    page = await store.outbox(0, 2)
    assert [out for _, out in page] == list(messages[:2])
    assert [out for _, out in await store.outbox(page[-1][0], 2)] == [messages[2]]
    store.sent(messages[0].message_id)
    await store.commits.commit(lambda _: None)
    assert [out for _, out in await store.outbox(0, 9)] == list(messages[1:])


async def test_what_cannot_be_sent_is_set_aside(store: BotStore) -> None:
    out = Outgoing("chat", b"1" * 16, b"x")
    await store.write(Outcome("e1", 1.0, is_job=False, messages=(out,)))
    dead = DeadLetter("", "outgoing", "31", "chat", "", "", b"x", "NotFoundError", 1, 1.0)
    await store.give_up(dead, out.message_id)
    assert await store.outbox(0, 9) == []
    assert await store.dead_letters() == [dead]


async def test_attempts_are_counted_until_the_event_is_closed(store: BotStore) -> None:
    assert [await store.begin_attempt("e1", 1.0) for _ in range(3)] == [0, 1, 2]
    await store.write(Outcome("e1", 1.0, is_job=False))
    assert await store.begin_attempt("e1", 1.0) == 0


async def test_what_is_too_old_to_come_again_is_forgotten(store: BotStore) -> None:
    await store.write(Outcome("old", 1.0, is_job=False))
    await store.write(Outcome("new", SEEN_FOR, is_job=False))
    await store.begin_attempt("old", 1.0)
    await store.forget_old(SEEN_FOR + 2)
    assert await store.seen(["old", "new"]) == {"new"}
    assert await store.begin_attempt("old", 1.0) == 0


async def test_a_job_comes_back_with_who_caused_it_and_where(store: BotStore) -> None:
    ann = Sender("member-1", "Ann", is_bot=True)
    job = Job("j1", "ring", "group-1", ann, b"\x90", 1.0, group=Group("group-1", "Hikers"))
    await store.write(Outcome("e1", 0.0, is_job=False, jobs=(job,)))
    assert await store.jobs((), (), 10) == [job]


async def test_what_leaves_comes_back_as_what_it_is(store: BotStore) -> None:
    action = Outgoing("group-1", b"1" * 16, b"x", "action")
    await store.write(Outcome("e1", 0.0, is_job=False, messages=(action,)))
    assert [found for _, found in await store.outbox(0, 10)] == [action]

import asyncio

from graphchat_bots.mailbox import Mailboxes, Room


async def test_work_of_a_chat_is_done_in_order_and_chats_at_the_same_time() -> None:
    done: list[str] = []
    both = asyncio.Barrier(2)

    async def handle(work: str) -> None:
        await asyncio.wait_for(both.wait(), 5)
        done.append(work)

    async with asyncio.TaskGroup() as tasks:
        mailboxes = Mailboxes[str](handle, tasks, slots=2)
        for work in ("a1", "a2", "b1", "b2"):
            mailboxes.put(work[0], work)
        assert mailboxes.depth("a") == 2
    assert sorted(done[:2]) == ["a1", "b1"]
    assert sorted(done[2:]) == ["a2", "b2"]
    assert mailboxes.depth("a") == 0


async def test_no_more_chats_than_slots_are_worked_on() -> None:
    inside, most = 0, 0

    async def handle(work: int) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1

    async with asyncio.TaskGroup() as tasks:
        mailboxes = Mailboxes[int](handle, tasks, slots=3)
        for number in range(50):
            mailboxes.put(str(number), number)
    assert most == 3


async def test_a_closed_mailbox_begins_nothing_new() -> None:
    done: list[str] = []
    go = asyncio.Event()

    async def handle(work: str) -> None:
        await go.wait()
        done.append(work)

    async with asyncio.TaskGroup() as tasks:
        mailboxes = Mailboxes[str](handle, tasks)
        for work in ("a1", "a2", "b1", "b2"):
            mailboxes.put(work[0], work)
        await asyncio.sleep(0)
        assert sorted(mailboxes.close()) == ["a", "b"]
        go.set()
    assert sorted(done) == ["a1", "b1"]


async def test_work_that_hangs_can_be_killed() -> None:
    async def handle(work: str) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        mailboxes = Mailboxes[str](handle, tasks)
        mailboxes.put("a", "a1")
        await asyncio.sleep(0)
        mailboxes.kill()


async def test_all_who_need_room_wait_for_it() -> None:
    room = Room(2)
    assert await room.wait() == 2
    room.take(3)
    waiting = [asyncio.create_task(room.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    room.free()
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    room.free(2)
    assert await asyncio.wait_for(asyncio.gather(*waiting), 1) == [2, 2, 2]


async def test_a_chat_whose_work_was_cancelled_is_worked_on_again() -> None:
    done: list[str] = []

    async def handle(work: str) -> None:
        if work == "bad":
            raise asyncio.CancelledError
        done.append(work)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        mailboxes = Mailboxes[str](handle, tasks)
        mailboxes.put("a", "bad")
        await asyncio.sleep(0.01)
        mailboxes.put("a", "good")
    assert done == ["good"]

import asyncio

from graphchat.client.slots import Slots, host_of


async def test_a_host_that_does_not_answer_takes_no_place_from_others() -> None:
    slots, entered, never = Slots(4, 2), list[str](), asyncio.Event()

    async def use(base: str) -> None:
        async with slots.at(base):
            entered.append(base)
            await never.wait()

    holes = [asyncio.create_task(use(f"https://hole.example/{path}")) for path in range(20)]
    await asyncio.sleep(0.01)
    assert len(entered) == 2
    others = [asyncio.create_task(use(f"https://{name}.example/q")) for name in "abc"]
    await asyncio.sleep(0.01)
    assert entered[2:] == ["https://a.example/q", "https://b.example/q"]
    never.set()
    await asyncio.gather(*holes, *others)
    assert len(entered) == 23


async def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    slots = Slots(1, 1)

    async def use() -> None:
        async with slots.at("https://relay.example/q"):
            await asyncio.sleep(60)

    tasks = [asyncio.create_task(use()) for _ in range(5)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not slots._gates
    async with asyncio.timeout(1), slots.at("https://relay.example/q"):
        pass


def test_paths_make_no_other_host() -> None:
    assert host_of("https://relay.example/a") == host_of("https://relay.example/b")
    assert host_of("https://relay.example:1/a") != host_of("https://relay.example/a")

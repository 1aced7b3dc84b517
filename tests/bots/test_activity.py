import asyncio

from graphchat_bots.activity import Activity


async def test_a_chat_is_idle_when_all_that_was_begun_has_ended() -> None:
    activity = Activity()
    activity.begin("a", 2)
    activity.begin("b")
    idle = asyncio.create_task(activity.idle("a"))
    activity.end("a")
    await asyncio.sleep(0)
    assert not idle.done()
    activity.end("a")
    await asyncio.wait_for(idle, 1)
    assert activity.busy()
    assert activity.busy("b")
    assert not activity.busy("a")


async def test_all_is_idle_when_every_chat_is() -> None:
    activity = Activity()
    activity.begin("a")
    activity.begin("b")
    idle = asyncio.create_task(activity.idle())
    activity.end("a")
    await asyncio.sleep(0)
    assert not idle.done()
    activity.forget("b")
    activity.forget("never begun")
    await asyncio.wait_for(idle, 1)


async def test_whoever_waits_in_vain_may_give_up() -> None:
    activity = Activity()
    activity.begin("a")
    idle = asyncio.create_task(activity.idle("a"))
    await asyncio.sleep(0)
    idle.cancel()
    await asyncio.wait([idle])
    activity.end("a")
    assert not activity.busy()

from tests.sdk.client.people import Home, introduce, one

from graphchat import ControlReceived
from graphchat.content import BotCommand, BotCommands

GO = BotCommand("go", "Go.")
STOP = BotCommand("stop", "")


async def test_the_last_list_stays_over_restarts(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    assert await his.commands() == ()
    for commands in ((GO,), (GO, STOP)):
        await hers.post(BotCommands(commands))
        event = await one(bob.me, ControlReceived)
        assert (event.contact, event.message) == (his, BotCommands(commands))
        assert await his.commands() == commands
    await bob.reopen()
    [his] = await bob.me.contacts()
    assert await his.commands() == (GO, STOP)
    assert await his.history() == []
    assert await hers.commands() == ()


async def test_with_the_contact_the_list_goes(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await hers.post(BotCommands((GO,)))
    await one(bob.me, ControlReceived)
    await his.remove()
    kept = await bob.client.engine.context.database.read(
        lambda cursor: cursor.execute(
            "SELECT 1 FROM client_setting WHERE key GLOB 'commands *'"
        ).fetchall()
    )
    assert kept == []

from graphchat.store import Database
from graphchat_bots.store import ANNOUNCED, Announced, BotStore, Outcome, StateRow


async def test_what_was_told_is_known_after_a_start(database: Database, store: BotStore) -> None:
    rows = (StateRow("chat-1", "", ANNOUNCED, b"new"), StateRow("chat-1", "", "Else", b"x"))
    assert store.announced.to("chat-1") == b""
    assert await store.write(Outcome("e1", 0.0, is_job=False, states=rows))
    again = (StateRow("chat-1", "", ANNOUNCED, b"newer"),)
    assert not await store.write(Outcome("e1", 0.0, is_job=False, states=again))
    known = Announced(database)
    await known.load()
    assert known.to("chat-1") == store.announced.to("chat-1") == b"new"
    assert known.to("chat-2") == b""

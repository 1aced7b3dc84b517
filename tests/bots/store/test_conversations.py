from graphchat_bots.conversation.record import Change, Waiting
from graphchat_bots.store import BotStore, Outcome


def waiting(id_: str, sender: str = "ann", until: float = 100.0) -> Waiting:
    return Waiting(id_, "chat", sender, "command:order", b"\x80", "size", b"q" * 16, until)


async def write(store: BotStore, id_: str, *changes: Change) -> None:
    assert await store.write(Outcome(id_, 1.0, is_job=False, changes=changes))


async def test_what_waits_is_known_by_chat_and_sender(store: BotStore) -> None:
    await write(store, "a", Change("a", waiting("a"), ((0, b"x"),)))
    found = store.conversations
    assert (found.waiting("chat", "ann"), found.waiting("chat", "ben")) == ("a", None)
    assert await found.find("a") == waiting("a")
    assert await found.journal("a") == [b"x"]


async def test_a_journal_grows_or_is_replaced(store: BotStore) -> None:
    await write(store, "a", Change("a", waiting("a"), ((0, b"x"), (1, b"y"))))
    await write(store, "b", Change("a", waiting("a"), ((2, b"z"),)))
    assert await store.conversations.journal("a") == [b"x", b"y", b"z"]
    await write(store, "c", Change("a", waiting("a"), ((0, b"n"),), rewritten=True))
    assert await store.conversations.journal("a") == [b"n"]


async def test_what_has_ended_leaves_nothing(store: BotStore) -> None:
    await write(store, "a", Change("a", waiting("a"), ((0, b"x"),)))
    await write(store, "b", Change("a"))
    assert store.conversations.waiting("chat", "ann") is None
    assert await store.conversations.find("a") is None
    assert not store.conversations.is_known("a")


async def test_a_step_is_stored_at_once_and_found_by_the_next_run(store: BotStore) -> None:
    await store.conversations.append("a", [(0, b"step")], 1.0, rewrite=False)
    again = type(store.conversations)(store._database, store.commits)
    await again.load()
    assert again.has_journal("a")
    assert await again.journal("a") == [b"step"]


async def test_another_conversation_of_the_same_sender_takes_its_place(store: BotStore) -> None:
    await write(store, "a", Change("a", waiting("a"), ((0, b"x"),)))
    await write(store, "b", Change("a"), Change("b", waiting("b")))
    assert store.conversations.waiting("chat", "ann") == "b"
    assert len(store.conversations) == 1


async def test_the_old_are_forgotten(store: BotStore) -> None:
    await write(store, "a", Change("a", waiting("a", until=100.0), ((0, b"x"),)))
    await write(store, "b", Change("b", waiting("b", "ben", until=1e12)))
    await store.conversations.append("lost", [(0, b"step")], 1.0, rewrite=False)
    await store.forget_old(1e9)
    assert store.conversations.waiting("chat", "ann") is None
    assert store.conversations.waiting("chat", "ben") == "b"
    assert not store.conversations.is_known("a")
    assert not store.conversations.is_known("lost")
    assert not await store._database.read(
        lambda cursor: cursor.execute("SELECT 1 FROM bot_journal").fetchall()
    )

"""Read marks and typing: off by default, and only where both want them."""

from tests.sdk.client.people import Home, WrongClock, introduce, nothing_more, one, texts

from graphchat import Contact, ContactRead, ContactTyping
from graphchat.client import indicators
from graphchat.ids import MessageId


async def read(contact: Contact) -> list[bool]:
    return [line.read for line in await contact.history() if line.outgoing]


async def both_on(alice: Home, bob: Home) -> tuple[Contact, Contact]:
    for home in (alice, bob):
        await home.me.set_indicators(wanted=True)
    return await introduce(alice.me, bob.me)


async def sent_by(home: Home) -> int:
    """Return how many frames a home has written into its stream."""
    [contact] = await home.me.contacts()
    live = await home.client.engine.live(contact.row_id)
    return live.connection.state.outbox.seq


async def test_by_default_nobody_tells_anything(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    assert not alice.me.indicators
    await hers.send("hello")
    await texts(bob.me, 1)
    before = await sent_by(bob)
    assert await his.unread() == 1
    await his.read()
    await his.typing()
    assert await his.unread() == 0
    assert await sent_by(bob) == before
    assert await read(hers) == [False]


async def test_what_was_read_is_told_once_and_never_taken_back(alice: Home, bob: Home) -> None:
    hers, his = await both_on(alice, bob)
    ids = [(await hers.send(str(number))).id for number in range(3)]
    await texts(bob.me, 3)
    await his.read(ids[1])
    assert (await one(alice.me, ContactRead)).message_id == ids[1]
    assert await read(hers) == [True, True, False]
    assert await his.unread() == 1
    before = await sent_by(bob)
    await his.read(ids[0])
    await his.read(MessageId(bytes(16)))
    assert await sent_by(bob) == before
    await his.read()
    await one(alice.me, ContactRead)
    assert await read(hers) == [True, True, True]
    await alice.reopen()
    assert alice.me.indicators
    [hers] = await alice.me.contacts()
    assert await read(hers) == [True, True, True]


async def test_whoever_has_them_off_neither_sends_nor_shows(alice: Home, bob: Home) -> None:
    hers, his = await both_on(alice, bob)
    await hers.send("hello")
    await texts(bob.me, 1)
    await alice.me.set_indicators(wanted=False)
    await his.read()
    await his.typing()
    await his.send("read")
    assert await texts(alice.me, 1) == ["read"]
    assert await read(hers) == [False]
    left = await alice.me.pending_events()
    assert [e for e in left if isinstance(e, ContactRead | ContactTyping)] == []
    await alice.me.set_indicators(wanted=True)
    assert await read(hers) == [False]


async def test_typing_is_told_at_once_and_leaves_nothing_behind(alice: Home, bob: Home) -> None:
    hers, his = await both_on(alice, bob)
    before = await sent_by(alice)
    await hers.typing()
    await hers.typing()
    event = await one(bob.me, ContactTyping)
    assert (event.contact, event.active) == (his, True)
    await hers.typing(active=False)
    assert not (await one(bob.me, ContactTyping)).active
    await hers.typing(active=False)
    assert await sent_by(alice) == before
    await nothing_more(bob.me, 0)
    assert await his.history() == []


async def test_typing_that_nobody_heard_in_time_is_dropped(alice: Home, bob: Home) -> None:
    hers, _ = await both_on(alice, bob)
    await hers.typing()
    await hers.send("hello")
    await texts(bob.me, 1)
    await hers.typing(active=False)
    await hers.send("again")
    await one(bob.me, ContactTyping)
    await bob.reopen(clock=WrongClock(indicators.TYPING_LASTS + 1))
    left = await bob.me.pending_events()
    assert [e for e in left if isinstance(e, ContactTyping)] == []
    await hers.typing()
    await hers.send("last")
    assert (await texts(bob.me, 2))[-1] == "last"
    left = await bob.me.pending_events()
    assert [e for e in left if isinstance(e, ContactTyping)] == []

from tests.sdk.client.people import (
    Home,
    introduce,
    texts,
)

from graphchat import Contact, Text


async def said(contact: Contact, *, query: str = "", **options: int) -> list[str]:
    lines = await contact.history(query=query, **options)
    return [line.message.text for line in lines if isinstance(line.message, Text)]


async def test_history_has_both_sides_in_pages(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    for number in range(5):
        await hers.post(f"ping {number}")
        await texts(bob.me, 1)
        await his.post(f"Pong {number}")
        await texts(alice.me, 1)
    lines = await hers.history()
    assert [line.outgoing for line in lines] == [True, False] * 5
    assert {line.state for line in lines if not line.outgoing} == {"received"}
    assert await said(hers, limit=3) == ["Pong 3", "ping 4", "Pong 4"]
    assert await said(hers, limit=2, before=lines[2].position) == ["ping 0", "Pong 0"]
    assert await said(hers, query="PONG", limit=2) == ["Pong 3", "Pong 4"]
    assert await said(hers, query="%") == []
    assert await said(hers, limit=0) == await said(hers, limit=-1) == []
    times = [line.sent_at for line in lines]
    assert times == sorted(times)

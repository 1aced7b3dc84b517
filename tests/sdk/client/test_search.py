import asyncio

import pytest
from tests.sdk.client.people import PATIENCE, Home, introduce, texts

from graphchat import Contact, Line, OwnProfile, Profile, Text
from graphchat.client import search


def said(line: Line) -> str:
    assert isinstance(line.message, Text)
    return line.message.text


async def found(contact: Contact, query: str, **more: int) -> list[str]:
    return [said(line) for line in await contact.history(query=query, **more)]


async def everywhere(profile: OwnProfile, query: str) -> list[tuple[str, str]]:
    return [(contact.name, said(line)) for contact, line in await profile.search(query)]


async def test_both_sides_find_words_in_any_case(alice: Home, bob: Home) -> None:
    hers, his = await introduce(alice.me, bob.me)
    for text in ("GRÜSSE aus Zürich", "see you at eight", "weight"):
        await hers.post(text)
    assert len(await texts(bob.me, 3)) == 3
    for contact in (hers, his):
        assert await found(contact, "zurich grüss") == ["GRÜSSE aus Zürich"]
        assert await found(contact, "EIGH") == ["see you at eight"]
        assert await found(contact, '"you see"') == []
        # A part of a word, because no word begins with it.
        assert await found(contact, "ight") == ["see you at eight", "weight"]
        assert await found(contact, "  ") == ["GRÜSSE aus Zürich", "see you at eight", "weight"]


async def test_pages_go_on_where_the_last_one_began(
    alice: Home, bob: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE", 3)
    hers, _ = await introduce(alice.me, bob.me)
    for number in range(10):
        await hers.post(f"boat {number} 我在北京" if number % 2 else f"a rowboat {number}")
    for query, every in (("boat", [1, 3, 5, 7, 9]), ("北京", [1, 3, 5, 7, 9]), ("owb", [0, 2, 4])):
        pages: list[str] = []
        before: int | None = None
        while page := await hers.history(query=query, before=before, limit=2):
            pages[:0] = map(said, page)
            before = page[0].position
        numbers = [int(text.replace("a ", "").split()[1]) for text in pages]
        assert numbers[: len(every)] == every
        # The end is reached: nothing else is found by other means.
        assert len(numbers) == 5


async def test_a_profile_searches_all_its_conversations_and_no_other(
    alice: Home, bob: Home
) -> None:
    other = await alice.client.create_profile(Profile("Other"))
    async with asyncio.timeout(PATIENCE):
        first, _ = await introduce(alice.me, bob.me)
        second, _ = await introduce(alice.me, bob.me)
        third, _ = await introduce(other, bob.me)
    for contact in (first, second, third):
        await contact.post(f"the harbour of {contact.name}")
    assert await everywhere(alice.me, "harbour") == [
        ("Bob", "the harbour of Bob"),
        ("Bob 2", "the harbour of Bob 2"),
    ]
    assert len(await everywhere(alice.me, "arbour")) == 2
    await second.remove()
    assert [name for name, _ in await everywhere(alice.me, "harbour")] == ["Bob"]
    assert len(await everywhere(other, "harbour")) == 1


async def test_what_is_searched_for_is_no_language(alice: Home, bob: Home) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await hers.post("nothing AND (something) OR *: 100 %")
    for query in ('"', "(", "AND", "*", "text:", "a OR", "NEAR(", "-", "%", "\0", "\ud800", "👍"):
        assert isinstance(await hers.history(query=query), list)
    assert len(await hers.history(query="100 %")) == 1
    assert await hers.history(query="_") == []

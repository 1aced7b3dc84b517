"""A handle to an introduction says who, by whom, and what for."""

from tests.sdk.client.people import Place
from tests.sdk.client.test_introductions import asked, friends


async def test_it_shows_what_the_introducer_passes_on(place: Place) -> None:
    alice, _, [john], [pair] = await friends(place, "John")
    await john.me.introduce(*pair, text="Chess?")
    [event] = await asked(alice, 1)
    [found] = await alice.me.introductions()
    assert found.id == event.introduction.id
    assert (found.name, found.text, found.introducer.name) == ("Bob", "Chess?", "John")
    assert found.profile.kind == "person"
    assert repr(found) == "<Introduction to 'Bob'>"

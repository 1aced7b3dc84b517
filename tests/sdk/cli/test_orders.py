"""Lines of the chat that do something else than say something."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from PIL import Image as Pillow
from tests.sdk.client.people import Home, Place, introduce, one

from graphchat import Choice, Choices, Image, MessageReceived, Option, Poll, Text, Voted
from graphchat.cli.orders import HELP, obey
from graphchat.errors import ContentError, GraphchatError


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Home, Home]]:
    async with AsyncExitStack() as stack:
        yield await Place(tmp_path, stack).pair()


async def test_a_line_says_what_it_says(pair: tuple[Home, Home], tmp_path: Path) -> None:
    alice, bob = pair
    hers, his = await introduce(alice.me, bob.me)
    Pillow.new("RGB", (30, 20), "navy").save(tmp_path / "a.png")
    for line in ("hello", "::help", f":file {tmp_path / 'a.png'}"):
        assert await obey(hers, line) == ""
    await obey(hers, ":edit last our boat")
    first, second, third = [line.message for line in await hers.history()]
    assert (first, second) == (Text("hello"), Text(":help"))
    assert isinstance(third, Image)
    assert third.caption == "our boat"
    await obey(hers, ":delete last")
    assert [line.deleted for line in await hers.history()] == [False, False, True]
    await obey(hers, ":disappear 1h")
    assert hers.disappears == 3600
    assert await obey(hers, ":help") == HELP
    await hers.send(Poll("When?", ("now", "later"), several=True))
    poll = await one(bob.me, MessageReceived)
    while not isinstance(poll.message, Poll):
        poll = await one(bob.me, MessageReceived)
    await obey(his, f":vote {poll.message_id.hex()[:8]} 2 1")
    assert (await one(alice.me, Voted)).options == (0, 1)
    await hers.send(Choices("?", (Option("yes", "Yes"),)))
    await one(bob.me, MessageReceived)
    await obey(his, ":choose last 1")
    assert isinstance((await one(alice.me, MessageReceived)).message, Choice)
    await obey(his, ":reply last Of course")
    await one(alice.me, MessageReceived)
    await obey(hers, ":react last ❤️")
    assert (await hers.history())[-1].quote.startswith("?")
    assert (await hers.history())[-1].reactions[0].emoji == "❤️"


@pytest.mark.parametrize(
    "line",
    [
        *(":dance", ":reply last", ":edit last", ":vote last x", ":vote last 0", ":disappear"),
        *(":react", ":delete", ":file", ":choose last", ":vote"),
    ],
)
async def test_a_line_that_means_nothing_is_refused(line: str, pair: tuple[Home, Home]) -> None:
    hers, _ = await introduce(pair[0].me, pair[1].me)
    with pytest.raises(GraphchatError):
        await obey(hers, line)
    assert await hers.history() == []


async def test_a_refusal_says_what_would_be_right(pair: tuple[Home, Home]) -> None:
    hers, _ = await introduce(pair[0].me, pair[1].me)
    with pytest.raises(ContentError, match="Like this: :edit ID TEXT"):
        await obey(hers, ":edit last ")

"""The chat on the whole screen, with people at real relays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.sdk.client.people import PATIENCE, Home, Place, introduce
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, RichLog, Static

from graphchat import Contact
from graphchat.cli.screen import Screen
from graphchat.content import BotCommand, BotCommands


@pytest.fixture
async def homes(tmp_path: Path) -> AsyncIterator[tuple[Home, Home, Contact, Contact]]:
    async with AsyncExitStack() as stack:
        alice, bob = await Place(tmp_path, stack).pair()
        hers, his = await introduce(alice.me, bob.me)
        yield alice, bob, hers, his


def talk(screen: Screen) -> str:
    return "\n".join(line.text.rstrip() for line in screen.query_one("#talk", RichLog).lines)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await pilot.pause(0.02)


async def type_in(pilot: Pilot[None], text: str) -> None:
    line = pilot.app.query_one("#line", Input)
    line.value = text
    await pilot.press("enter")


async def test_people_talk(homes: tuple[Home, Home, Contact, Contact]) -> None:
    alice, _, hers, his = homes
    await his.send("*hello* Alice")
    screen = Screen(alice.me, hers)
    async with screen.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "Bob: hello Alice" in talk(screen))
        await type_in(pilot, "hello Bob")
        await until(pilot, lambda: "Alice: hello Bob [" in talk(screen))
        await type_in(pilot, ":react last 👍")
        await until(pilot, lambda: "👍 Alice" in talk(screen))
        await type_in(pilot, ":edit last hi Bob")
        await until(pilot, lambda: "Alice: hi Bob [" in talk(screen))
        await type_in(pilot, "::not an order")
        await until(pilot, lambda: "Alice: :not an order" in talk(screen))
        assert pilot.app.query_one("#line", Input).value == ""
        await pilot.press("ctrl+d")
    assert await hers.unread() == 0
    assert [event for event in await alice.me.pending_events() if "Message" in repr(event)] == []


async def test_what_cannot_be_done_is_said_and_can_be_mended(
    homes: tuple[Home, Home, Contact, Contact],
) -> None:
    alice, _, hers, _ = homes
    screen = Screen(alice.me, None)
    async with screen.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: screen.sub_title == "Bob (trust 2)")
        for line, sentence in (
            (":dance", "There is no :dance."),
            (":react last 👍", "Nothing was said yet"),
            (":reply last", "Something is missing. Like this: :reply ID TEXT"),
            (":file /no/such/file", "The file cannot be read"),
            (":disappear soon", "is no time"),
        ):
            await type_in(pilot, line)
            await until(
                pilot,
                lambda said=sentence: any(said in each.message for each in screen._notifications),  # type: ignore[misc]
            )
            assert pilot.app.query_one("#line", Input).value == line
        await type_in(pilot, ":help")
        await until(pilot, lambda: any(":vote" in each.message for each in screen._notifications))
    assert await hers.history() == []


async def test_others_are_counted_and_chosen(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        place = Place(tmp_path, stack)
        relay = await place.relay("one")
        alice, bob, carol = [await place.home(name, [relay]) for name in ("Alice", "Bob", "Carol")]
        hers, _ = await introduce(alice.me, bob.me)
        _, of_carol = await introduce(alice.me, carol.me)
        screen = Screen(alice.me, hers)
        async with screen.run_test(size=(100, 30)) as pilot:
            await of_carol.send("psst")
            options = screen.query_one("#contacts", OptionList)

            def names() -> list[str]:
                found = [options.get_option_at_index(at) for at in range(options.option_count)]
                return [str(option.prompt) for option in found]

            await until(pilot, lambda: names() == ["2 Bob", "2 Carol (1)"])
            options.focus()
            options.highlighted = 1
            await pilot.press("enter")
            await until(pilot, lambda: "Carol: psst" in talk(screen))
            await until(pilot, lambda: names() == ["2 Bob", "2 Carol"])


async def test_who_types_is_seen_by_who_wants_it(
    homes: tuple[Home, Home, Contact, Contact],
) -> None:
    alice, bob, hers, his = homes
    for home in (alice, bob):
        await home.me.set_indicators(wanted=True)
    screen = Screen(alice.me, hers)
    async with screen.run_test(size=(100, 30)) as pilot:
        await his.typing()
        status = screen.query_one("#typing", Static)
        await until(pilot, lambda: "Bob is typing" in str(status.content))
        await his.typing(active=False)
        await until(pilot, lambda: str(status.content) == "")


async def test_without_contacts_it_says_what_to_do(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        alice = await Place(tmp_path, stack).home("Alice", [])
        screen = Screen(alice.me, None)
        async with screen.run_test() as pilot:
            await until(pilot, lambda: "Nobody yet" in talk(screen))
            await type_in(pilot, "hello?")
            assert "Nobody yet" in talk(screen)


async def test_what_a_bot_understands_is_offered(
    homes: tuple[Home, Home, Contact, Contact],
) -> None:
    alice, _, hers, his = homes
    screen = Screen(alice.me, hers)
    async with screen.run_test(size=(100, 30)) as pilot:
        line = screen.query_one("#line", Input)
        assert line.placeholder == "Say something"
        await his.post(BotCommands((BotCommand("buy", "Buy."), BotCommand("sell", ""))))
        await until(pilot, lambda: line.placeholder == "Say something or: /buy /sell")
        assert line.suggester is not None
        assert await line.suggester.get_suggestion("/s") == "/sell"

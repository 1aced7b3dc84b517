import asyncio
from io import BytesIO
from pathlib import Path

from PIL import Image as Pictures

from graphchat.content import File, Image
from graphchat.content.pictures import make_image
from graphchat_bots import Role
from graphchat_bots.examples.helpdesk import MAX_CLOSED, MAX_NOTES, Desk, Ticket, bot, forget_old
from graphchat_bots.testing.person import Person
from graphchat_bots.testing.world import Level, World

OFFER = "Ticket 1 (high): Printer 1) Take it"
YOURS = "Ticket 1 is yours: Printer\n\nIt eats paper.\n\nWhat you write now goes to the person."


async def agent(world: World, name: str) -> Person:
    person = world.person("Secret Name")
    await person.says(world.invite(Role.MODERATOR))
    (welcome,) = await person.says(f"/duty {name}")
    assert str(welcome).startswith(f"Welcome, {name}.")
    return person


async def asks(person: Person) -> None:
    assert await person.says("hello") == [
        "Hello! Somebody will help you. /cancel ends my questions.",
        "What is it about, in a few words?",
    ]
    assert await person.says("Printer") == ["How urgent is it? 1) low 2) normal 3) high"]
    assert await person.says("3") == ["Please describe it."]
    assert await person.says("It eats paper.") == [
        "Thank you. This is ticket 1; somebody will write to you here."
    ]


def test_nothing_is_wrong_with_it() -> None:
    assert bot.check() == []


async def test_a_person_and_an_agent_talk_through_it(tmp_path: Path, bot_level: Level) -> None:
    async with bot.testing(tmp_path, bot_level) as world:
        kim = await agent(world, "Kim")
        ann = world.person("Ann")
        await asks(ann)
        assert await kim.hears() == [OFFER]
        await world.crash()
        assert await kim.presses(OFFER, "Take it") == [YOURS]
        assert await ann.hears() == ["You talk with Kim now."]
        assert await kim.says("Is it on?") == []
        assert await ann.hears() == ["Kim: Is it on?"]
        assert await ann.says("Yes.") == []
        assert await kim.hears() == ["Yes."]
        (tmp_path / "log.txt").write_text("no paper")
        assert await ann.says(tmp_path / "log.txt") == []
        (file,) = await kim.hears()
        assert isinstance(file, File)
        assert file.name == "log.txt"
        assert await kim.opens(file) == b"no paper"
        assert await kim.says("/close") == ["Ticket 1 is closed."]
        assert await ann.hears() == ["Ticket 1 is closed. Write again, and it is open again."]


async def test_of_two_agents_who_take_a_ticket_at_once_one_gets_it(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        agents = [await agent(world, name) for name in ("Kim", "Robin", "Sam")]
        ann = world.person("Ann")
        await asks(ann)
        for each in agents:
            assert await each.hears() == [OFFER]
        answers = await asyncio.gather(*(each.says("/take 1") for each in agents))
        assert sorted(answers, key=str) == sorted(
            [[YOURS], *[["Ticket 1 does not wait (any more)."]] * 2], key=str
        )
        winner = ("Kim", "Robin", "Sam")[answers.index([YOURS])]
        assert await ann.hears() == [f"You talk with {winner} now."]


async def test_a_ticket_is_handed_over_and_opened_again(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        kim, robin = await agent(world, "Kim"), await agent(world, "Robin")
        ann = world.person("Ann")
        await asks(ann)
        await kim.says("/take 1")
        assert await kim.says("/hand 1 Sam") == ["Nobody of this name is free. Free: Robin."]
        assert await kim.says("/hand 1 robin") == ["Ticket 1 is with Robin now."]
        assert (await robin.hears())[-1] == YOURS
        assert await ann.hears() == ["You talk with Kim now.", "You talk with Robin now."]
        assert await kim.says("hello?") == ["You talk with nobody. Say /tickets, and /take one."]
        assert await kim.says("/tickets") == ["- 1: Printer (high), with Robin"]
        assert await robin.says("/off") == ["First /close ticket 1, or /hand it to somebody."]
        assert await ann.says("/close") == [
            "Ticket 1 is closed. Write again, and it is open again."
        ]
        assert await robin.hears() == ["Ticket 1 is closed."]
        assert await robin.says("/tickets") == ["No ticket is open."]
        assert await ann.says("It does it again!") == [
            "Ticket 1 is open again. Nobody is there yet. I will pass this on."
        ]
        await kim.hears()
        (yours,) = await kim.says("/take 1")
        assert "It does it again!" in str(yours)


async def test_an_agent_has_one_ticket_and_no_button_of_others_meanwhile(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        kim = await agent(world, "Kim")
        ann, ben = world.person("Ann"), world.person("Ben")
        await asks(ann)
        await kim.presses((await kim.hears())[0], "Take it")
        for line in ("hello", "Screen", "low"):
            await ben.says(line)
        assert await ben.says("Dark.") == [
            "Thank you. This is ticket 2; somebody will write to you here."
        ]
        assert await kim.hears() == ["Ticket 2 (low): Screen. Later: /take 2"]
        assert await kim.says("/take 2") == ["First /close ticket 1, or /hand it to somebody."]
        await ann.hears()
        assert await kim.says("1") == []
        assert await ann.hears() == ["Kim: 1"]
        assert await ben.hears() == []


async def test_who_is_no_agent_any_more_reads_nothing(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        kim, boss, ann = await agent(world, "Kim"), world.person("Boss"), world.person("Ann")
        await asks(ann)
        await kim.says("/take 1")
        await boss.says(world.invite(Role.ADMIN))
        await boss.says("/roles revoke 1")
        await ann.hears()
        assert await ann.says("My password is ...") == [
            "Nobody is there yet. I will pass this on."
        ]
        assert await kim.hears() == []
        await kim.says("Are you there?")
        assert await ann.hears() == []


async def test_what_is_said_to_nobody_yet_is_kept_up_to_a_limit(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        kim, ann = await agent(world, "Kim"), world.person("Ann")
        await asks(ann)
        for number in range(MAX_NOTES):
            assert await ann.says(f"note {number}") == [
                "Nobody is there yet. I will pass this on."
            ]
        assert await ann.says("one more") == [
            "That is more than I can keep. Please wait until somebody answers."
        ]
        await kim.hears()
        (yours,) = await kim.says("/take 1")
        assert "note 0\n\nnote 1" in str(yours)
        assert "one more" not in str(yours)


async def test_pictures_are_passed_on_and_broken_ones_are_not(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        kim, ann = await agent(world, "Kim"), world.person("Ann")
        await asks(ann)
        await kim.says("/take 1")
        written = BytesIO()
        Pictures.new("RGB", (8, 8)).save(written, "PNG")
        assert await ann.says(make_image(written.getvalue(), "look")) == ["You talk with Kim now."]
        (picture,) = await kim.hears()
        assert isinstance(picture, Image)
        assert picture.caption == "look"
        assert await ann.says(Image(b"x", "image/png", 1, 1)) == [
            "I cannot pass this on: it is too long, or a broken picture."
        ]


async def test_commands_of_agents_are_unknown_to_people(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        for command in ("/take 1", "/tickets", "/duty Ann", "/hand 1 Ann"):
            assert "Ticket" not in str(await ann.says(command))
        listed = str(await ann.says("/help"))
        assert "/new" in listed
        assert "/take" not in listed


def test_old_tickets_are_forgotten() -> None:
    desk = Desk()
    for number in range(MAX_CLOSED + 5):
        desk.tickets[number] = Ticket(number, "chat", "x", "low", "", is_open=number == 0)
    forget_old(desk)
    assert len(desk.tickets) == MAX_CLOSED + 1
    assert 0 in desk.tickets

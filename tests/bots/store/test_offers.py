from dataclasses import replace
from pathlib import Path

from graphchat.content import Form, FormField, Option
from graphchat.store import Database
from graphchat_bots.store import BOT, Offers
from graphchat_bots.store.offers import write_offers
from graphchat_bots.turn import Offer

OPTIONS = (Option("s", "S"), Option("m", "M"))


async def test_offers_are_found_by_chat_and_by_message(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "bot.db", None, app=BOT) as database:
        made = tuple(Offer("chat-1", bytes([n]) * 16, OPTIONS) for n in range(3))
        offers = Offers(database)
        await database.write(lambda cursor: write_offers(cursor, made))
        assert await offers.open("chat-1") is None  # nobody has looked
        await offers.load()
        assert await offers.open("chat-1") == made[2]
        assert await offers.of("chat-1", made[0].message_id) == made[0]
        assert await offers.of("chat-1", b"9" * 16) is None
        assert await offers.of("chat-2", made[0].message_id) is None


async def test_what_was_answered_waits_for_nothing_and_is_still_known(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "bot.db", None, app=BOT) as database:
        offers, name = Offers(database), b"1" * 16
        offers.made_in("chat-1")
        offer = Offer("chat-1", name, OPTIONS)
        await database.write(lambda cursor: write_offers(cursor, (offer,)))
        answered = replace(offer, is_open=False)
        await database.write(lambda cursor: write_offers(cursor, (answered,)))
        assert await offers.open("chat-1") is None
        assert await offers.of("chat-1", name) == answered


async def test_a_form_is_known_and_answered_by_no_number(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "bot.db", None, app=BOT) as database:
        offers, form = Offers(database), Form("Order", (FormField("n", "How many?", "number"),))
        offer = Offer("chat-1", b"1" * 16, (), is_open=False, form=form)
        await database.write(lambda cursor: write_offers(cursor, (offer,)))
        await offers.load()
        assert await offers.of("chat-1", offer.message_id) == offer
        assert await offers.open("chat-1") is None

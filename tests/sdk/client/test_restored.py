"""A home that was restored: it knows everything, and uses no key again."""

import asyncio
from pathlib import Path

import pytest
from tests.sdk.client.people import PATIENCE, Home, introduce, nothing_more, texts

from graphchat import Alarm, Client, Contact
from graphchat.client import restored
from graphchat.clock import SystemClock
from graphchat.crypto.vault import Strength
from graphchat.errors import PassphraseError
from graphchat.store import Cursor, backup

CHEAP = Strength(operations=1, memory=8192)


async def saved(home: Home, target: Path) -> Path:
    await home.client.backup(target, "of the backup")
    return target


def restore(source: Path, home: Path) -> None:
    backup.restore(
        source, home, protect="of the backup", passphrase=None, clock=SystemClock(), strength=CHEAP
    )


def left(cursor: Cursor) -> list[int]:
    tables = ("client_frame", "client_envelope", "client_held_frame")
    return [cursor.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in tables]


async def states(contact: Contact) -> list[str]:
    return [line.state for line in await contact.history()]


async def test_a_restored_home_knows_all_and_sends_nothing_by_old_keys(
    alice: Home, bob: Home, tmp_path: Path
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await (await hers.post("before")).delivered()
    assert await texts(bob.me, 1) == ["before"]
    copy = await saved(bob, tmp_path / "saved")
    # What was said after the backup: its numbers and keys are used up.
    await (await his.post("after")).delivered()
    await bob.close()
    restore(copy, bob.path.with_name("Bob again.db"))
    async with Client(bob.path.with_name("Bob again.db")) as client:
        me = await client.profile()
        her = await me.contact("Alice")
        assert (her.state, her.needs_code, her.id) == ("established", True, his.id)
        assert [line.state for line in await her.history()] == ["received"]
        receipt = await her.post("now")
        await asyncio.sleep(0.3)
        assert receipt.state == "queued"
        assert await client.engine.context.database.read(left) == [1, 0, 0]
    assert await texts(alice.me, 1) == ["after"]
    await nothing_more(alice.me)
    # It is done once: what was said since stays.
    async with Client(bob.path.with_name("Bob again.db")) as client:
        her = await (await client.profile()).contact("Alice")
        assert await states(her) == ["received", "queued"]
        assert not await client.engine.context.database.read(restored.is_marked)


async def test_what_was_on_its_way_is_uncertain(alice: Home, bob: Home, tmp_path: Path) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await (await hers.post("arrived")).delivered()
    await bob.close()
    receipt = await hers.send("on its way")
    assert receipt.state == "sent"
    copy = await saved(alice, tmp_path / "saved")
    await alice.close()
    restore(copy, tmp_path / "again.db")
    async with Client(tmp_path / "again.db") as client:
        him = await (await client.profile()).contact("Bob")
        assert await states(him) == ["delivered", "uncertain"]
        again = await him.post("on its way", id=receipt.id)
        assert (again.id, again.state) == (receipt.id, "sent")
        assert await states(him) == ["delivered", "uncertain"]


async def test_receiving_goes_on_where_it_can(alice: Home, bob: Home, tmp_path: Path) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    await (await hers.post("before")).delivered()
    copy = await saved(bob, tmp_path / "saved")
    await bob.close()
    await hers.send("while nobody was there")
    restore(copy, tmp_path / "again.db")
    async with asyncio.timeout(PATIENCE), Client(tmp_path / "again.db") as client:
        me = await client.profile()
        assert await texts(me, 2) == ["before", "while nobody was there"]


async def test_an_invitation_of_a_backup_can_still_be_used(
    alice: Home, bob: Home, tmp_path: Path
) -> None:
    invitation = await alice.me.invite()
    copy = await saved(alice, tmp_path / "saved")
    await alice.close()
    restore(copy, tmp_path / "again.db")
    async with asyncio.timeout(PATIENCE), Client(tmp_path / "again.db"):
        contact = await bob.me.connect(invitation.link)
        await contact.established()
        assert not contact.needs_code


async def test_a_backup_needs_a_passphrase(alice: Home, tmp_path: Path) -> None:
    with pytest.raises(PassphraseError, match="Choose one"):
        await alice.client.backup(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


async def test_a_new_code_heals_a_restored_contact_both_ways(
    alice: Home, bob: Home, tmp_path: Path
) -> None:
    hers, his = await introduce(alice.me, bob.me)
    await (await hers.post("before")).delivered()
    copy = await saved(bob, tmp_path / "saved")
    # What is lost with the disk: said, heard and receipted since the backup.
    await (await his.post("his since")).delivered()
    await (await hers.post("hers since")).delivered()
    await bob.close()
    waiting = await hers.post("while he was away")
    restore(copy, tmp_path / "again.db")
    async with asyncio.timeout(PATIENCE), Client(tmp_path / "again.db") as client:
        me = await client.profile()
        her = await me.contact("Alice")
        first = await her.post("I am back")
        code = await hers.rekey()
        await me.connect(code.link)
        await code.used()
        await her.rekeyed()
        assert not her.needs_code
        await first.delivered()
        await waiting.delivered()
        assert await texts(me, 2) == ["before", "while he was away"]
        assert await texts(alice.me, 2) == ["his since", "I am back"]
        await (await hers.post("welcome")).delivered()
        await (await her.post("thanks")).delivered()
        assert await texts(me, 1) == ["welcome"]
        assert await texts(alice.me, 1) == ["thanks"]
    assert [event for event in await alice.me.pending_events() if isinstance(event, Alarm)] == []

"""Two people talk over a real relay; one proves it to somebody who has nothing but the file."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image as Pillow
from tests.sdk.client.people import Home, introduce, take, texts

from graphchat import (
    Contact,
    Delete,
    Edit,
    Image,
    MessageReceived,
    Proof,
    Reaction,
    Text,
    verify_proof,
)
from graphchat.client.apply import Applier
from graphchat.core.proof import Findings, Shown, Verdict, in_words
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.store import Cursor, Row

pytestmark = pytest.mark.usefixtures("quick_receipts")


def found(verdict: Verdict) -> Findings:
    assert verdict.problem is None
    assert verdict.findings is not None
    return verdict.findings


def said(findings: Findings) -> list[tuple[str, str]]:
    return said_in(findings.shown)


def said_in(shown: Sequence[Shown]) -> list[tuple[str, str]]:
    return [(each.author, each.message.text) for each in shown if isinstance(each.message, Text)]


PAYLOADS = "SELECT payload FROM client_evidence WHERE payload IS NOT NULL"


@pytest.fixture
async def talk(alice: Home, bob: Home) -> tuple[Contact, Contact]:
    """Alice invites Bob; both say something, and each has what the other said."""
    hers, his = await introduce(alice.me, bob.me)
    for text in ("Do you sell the boat?", "For 100?"):
        await hers.send(text)
    assert await texts(bob.me, 2) == ["Do you sell the boat?", "For 100?"]
    await (await his.send("Yes, for 100.")).delivered()
    await (await hers.send("Agreed.")).delivered()
    return hers, his


async def ids(contact: Contact) -> dict[str, MessageId]:
    lines = await contact.history()
    return {line.message.text: line.id for line in lines if isinstance(line.message, Text)}


async def test_a_transcript_of_a_proof(
    talk: tuple[Contact, Contact], alice: Home, bob: Home, tmp_path: Path
) -> None:
    _, his = talk
    path = tmp_path / "proof.json"
    await (await his.export_proof()).save(path)
    await alice.close()
    await bob.close()
    findings = found(verify_proof(path))
    assert findings.made_by == "invited"
    assert said(findings) == [
        ("inviter", "Do you sell the boat?"),
        ("inviter", "For 100?"),
        ("invited", "Yes, for 100."),
        ("inviter", "Agreed."),
    ]
    assert [who.names for who in findings.sides] == [("Alice",), ("Bob",)]
    received = {each.author: each.received_ms for each in findings.shown}
    # Bob has receipts of Alice; that he received what she said, she can prove.
    assert received["invited"] is not None
    assert received["inviter"] is None


async def changed_key(home: Home, contact: Contact) -> None:
    """Have a home change the key by which it signs what it says to a contact."""

    async def change(turn: Applier) -> None:
        live = await home.client.engine.live(contact.row_id)
        await turn.apply(live, live.connection.keys.change())

    await home.client.engine.do(change)


async def test_a_proof_goes_on_over_a_change_of_keys(
    talk: tuple[Contact, Contact], alice: Home, bob: Home
) -> None:
    hers, his = talk
    await changed_key(alice, hers)
    await (await hers.send("By another key.")).delivered()
    await changed_key(bob, his)
    await (await his.send("By mine, too.")).delivered()
    await bob.reopen()
    [his] = await bob.me.contacts()
    by_her, by_him = await hers.export_proof(), await his.export_proof()
    findings = found(by_her.verify())
    assert said(findings) == said(found(by_him.verify()))
    assert said(findings)[-2:] == [("inviter", "By another key."), ("invited", "By mine, too.")]
    assert [len(who.changes) for who in findings.sides] == [1, 1]
    words = in_words(by_her.verify())
    [change] = findings.sides[0].changes
    assert f"The key was changed: from number {change.from_seq} of its device" in words
    assert change.key.hex() in words


async def test_no_byte_of_a_change_of_keys_can_be_changed(
    talk: tuple[Contact, Contact], alice: Home
) -> None:
    hers, _ = talk
    await changed_key(alice, hers)
    await (await hers.send("By another key.")).delivered()
    proof = await hers.export_proof()
    start = proof.data.index(b'"from_seq": ', proof.data.index(b'"from_seq": 1,') + 9)
    end = proof.data.index(b"]", start)
    for place in range(start - 200, end):
        changed = bytearray(proof.data)
        changed[place] ^= 1
        assert not verify_proof(bytes(changed)).valid


async def test_both_sides_prove_the_same(talk: tuple[Contact, Contact]) -> None:
    hers, his = [found((await contact.export_proof()).verify()) for contact in talk]
    assert said(hers) == said(his)
    assert (hers.code_hash, hers.cid, hers.sides) == (his.code_hash, his.cid, his.sides)
    assert (hers.made_by, his.made_by) == ("inviter", "invited")
    assert all(each.received_ms for each in hers.shown if each.author == "inviter")


async def test_one_message_is_proved_without_the_others(talk: tuple[Contact, Contact]) -> None:
    hers, _ = talk
    one = (await ids(hers))["Yes, for 100."]
    proof = await hers.export_proof(messages=[one], profiles=False)
    findings = found(proof.verify())
    assert said(findings) == [("invited", "Yes, for 100.")]
    assert [who.names for who in findings.sides] == [(), ()]
    with pytest.raises(NotFoundError, match="history"):
        await hers.export_proof(messages=[MessageId(bytes(16))])


async def test_a_time_is_proved(talk: tuple[Contact, Contact]) -> None:
    hers, _ = talk
    last = found((await hers.export_proof()).verify()).shown[-1]
    then = datetime.fromtimestamp(last.ts_ms / 1000, UTC)
    proof = await hers.export_proof(since=then, until=then)
    assert ("inviter", "Agreed.") in said(found(proof.verify()))
    later = then + timedelta(hours=1)
    assert said(found((await hers.export_proof(since=later)).verify())) == []
    assert len(said(found((await hers.export_proof(until=later)).verify()))) == 4


async def test_pictures_are_proved_or_left_out(alice: Home, bob: Home, tmp_path: Path) -> None:
    hers, _ = await introduce(alice.me, bob.me)
    path = tmp_path / "boat.png"
    Pillow.new("RGB", (300, 200), "navy").save(path)
    await hers.send(path)
    await (await hers.send("This one.")).delivered()
    [received, _] = await take(bob.me, MessageReceived, 2)
    shown = found((await hers.export_proof()).verify()).shown
    assert [each.message for each in shown] == [received.message, Text("This one.")]
    assert isinstance(received.message, Image)
    without = await hers.export_proof(attachments=False)
    assert said(found(without.verify())) == [("inviter", "This one.")]
    assert len(without.data) < len((await hers.export_proof()).data)


async def test_progress_is_told(talk: tuple[Contact, Contact]) -> None:
    told: list[tuple[int, int]] = []
    await talk[0].export_proof(progress=lambda done, count: told.append((done, count)))
    assert told[-1] == (6, 6)


async def test_what_was_removed_from_the_history_is_shown_by_its_hash(
    talk: tuple[Contact, Contact], alice: Home
) -> None:
    hers, _ = talk
    await alice.client.engine.context.database.write(
        lambda cursor: cursor.execute("DELETE FROM client_message WHERE text = 'For 100?'")
    )
    findings = found((await hers.export_proof()).verify())
    assert [text for _, text in said(findings)] == [
        "Do you sell the boat?",
        "Yes, for 100.",
        "Agreed.",
    ]
    assert any(each.hashed for each in findings.hidden)


async def test_a_restart_forgets_nothing(talk: tuple[Contact, Contact], alice: Home) -> None:
    before = found((await talk[0].export_proof()).verify())
    await alice.reopen()
    [contact] = await alice.me.contacts()
    after = found((await contact.export_proof()).verify())
    assert (after.shown, after.sides) == (before.shown, before.sides)


async def test_a_contact_at_an_address_is_proved_too(alice: Home, bob: Home) -> None:
    address = await alice.me.create_address(accept_all=True)
    his = await bob.me.connect(address.link)
    await his.established()
    await (await his.send("Hello, shop.")).delivered()
    assert said(found((await his.export_proof()).verify())) == [("invited", "Hello, shop.")]
    [contact] = await alice.me.contacts()
    assert said(found((await contact.export_proof()).verify())) == [("invited", "Hello, shop.")]


async def test_nothing_is_proved_before_the_other_side_has_answered(
    alice: Home, bob: Home
) -> None:
    invitation = await alice.me.invite()
    await alice.close()
    his = await bob.me.connect(invitation.link)
    await his.post("Are you there?")
    with pytest.raises(StateError, match="not answered"):
        await his.export_proof()


async def test_a_connection_of_an_earlier_version_says_why_not(
    talk: tuple[Contact, Contact], alice: Home
) -> None:
    hers, _ = talk
    database = alice.client.engine.context.database
    await database.write(
        lambda cursor: cursor.execute("DELETE FROM client_evidence WHERE seq = 1")
    )
    with pytest.raises(StateError, match="earlier version"):
        await hers.export_proof()
    live = await alice.client.engine.live(hers.row_id)
    live.connection.state.handshake.peer_signature = b""
    with pytest.raises(StateError, match="earlier version"):
        await hers.export_proof()


async def test_too_much_is_not_proved(
    talk: tuple[Contact, Contact], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphchat.client.proof.MAX_SIZE", 10)
    with pytest.raises(ContentError, match="attachments"):
        await talk[0].export_proof()


async def test_a_file_that_is_no_proof_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(b"{}")
    assert not verify_proof(path).valid
    assert not verify_proof(b"").valid
    with pytest.raises(OSError, match="No such file"):
        verify_proof(tmp_path / "nothing")
    assert "bytes" in repr(Proof(b""))


@pytest.mark.parametrize("who", ["inviter", "invited", "address"])
async def test_a_private_conversation_is_not_proved(alice: Home, bob: Home, who: str) -> None:
    if who == "address":
        address = await alice.me.create_address(accept_all=True, private=True)
        assert address.mode == "private"
        link = address.link
    else:
        link = (await alice.me.invite(private=who == "inviter")).link
    his = await bob.me.connect(link, private=who == "invited")
    assert his.mode == "private"
    await (await his.send("Between us.")).delivered()
    [hers] = await alice.me.contacts()
    assert hers.mode == "private"
    await (await hers.send("Yes.")).delivered()
    for home, contact in ((alice, hers), (bob, his)):
        with pytest.raises(StateError, match="is private: nothing in it is signed"):
            await contact.export_proof()
        await home.reopen()
        [again] = await home.me.contacts()
        assert again.mode == "private"
        assert await home.client.engine.context.database.read(_evidence) == []


def _evidence(cursor: Cursor) -> list[Row]:
    return cursor.execute(
        "SELECT seq FROM client_evidence UNION ALL SELECT seq FROM client_receipt"
    ).fetchall()


async def test_who_says_nothing_of_it_is_provable(talk: tuple[Contact, Contact]) -> None:
    assert [contact.mode for contact in talk] == ["provable", "provable"]


async def test_an_edit_is_shown_with_what_it_changed(
    talk: tuple[Contact, Contact],
) -> None:
    hers, his = talk
    sent = (await ids(hers))["For 100?"]
    await (await hers.edit(sent, "For 10?")).delivered()
    await (await his.react(sent, "\N{THUMBS UP SIGN}")).delivered()
    for contact in talk:
        for choice in ([sent], None):
            shown = found((await contact.export_proof(messages=choice)).verify()).shown
            about = [each for each in shown if not isinstance(each.message, Text)]
            assert [(each.author, each.message) for each in about] == [
                ("inviter", Edit(sent, "For 10?")),
                ("invited", Reaction(sent, "\N{THUMBS UP SIGN}")),
            ]
            assert ("inviter", "For 100?") in said_in(shown)


async def test_of_what_was_deleted_no_words_are_left(
    talk: tuple[Contact, Contact], alice: Home, bob: Home
) -> None:
    hers, his = talk
    sent = (await ids(hers))["For 100?"]
    await (await hers.edit(sent, "For 10?")).delivered()
    await hers.delete(sent)
    await (await hers.send("Forget it.")).delivered()
    for home, contact in ((alice, hers), (bob, his)):
        shown = found((await contact.export_proof()).verify()).shown
        assert [each.message for each in shown if isinstance(each.message, Edit | Delete)] == [
            Delete(sent)
        ]
        assert "For 100?" not in [text for _, text in said_in(shown)]
        database = home.client.engine.context.database
        payloads = await database.read(lambda cursor: cursor.execute(PAYLOADS).fetchall())
        assert not [data for (data,) in payloads if b"For 10" in data]

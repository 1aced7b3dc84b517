"""What is kept for proofs, in the databases of two people who talk."""

import pytest
from tests.sdk.client.people import Home, introduce, texts

from graphchat import Contact
from graphchat.client import evidence, rows
from graphchat.client.unit import Unit
from graphchat.core import frame as frames
from graphchat.ids import ConnectionId
from graphchat.store import Row

pytestmark = pytest.mark.usefixtures("quick_receipts")


async def look(home: Home, sql: str) -> list[Row]:
    database = home.client.engine.context.database
    return await database.read(lambda cursor: cursor.execute(sql).fetchall())


async def talk(alice: Home, bob: Home) -> tuple[Contact, Contact]:
    hers, his = await introduce(alice.me, bob.me)
    for text in ("one", "two"):
        await hers.post(text)
    await his.post("three")
    await texts(bob.me, 2)
    await texts(alice.me, 1)
    return hers, his


async def test_the_hashes_of_both_sides_are_their_chains(alice: Home, bob: Home) -> None:
    hers, _ = await talk(alice, bob)
    state = (await alice.client.engine.live(hers.row_id)).connection.state
    cid = ConnectionId(state.handshake.cid)
    theirs = {stream: each.head for stream, each in state.streams.items()}
    heads: dict[bytes, bytes] = {}
    for stream, digest in await look(
        alice, "SELECT stream, digest FROM client_evidence ORDER BY outgoing, stream, seq"
    ):
        heads[stream] = frames.next_link(
            heads.get(stream) or frames.first_hash(cid, stream), digest
        )
    assert heads == {state.outbox.stream: state.outbox.head, **theirs}


async def test_what_was_said_is_kept_once(alice: Home, bob: Home) -> None:
    await talk(alice, bob)
    kept = await look(
        alice, "SELECT seq, kind, length(signature), payload IS NULL FROM client_evidence"
    )
    assert sorted(kept) == [(1, 1, 64, 0)] * 2 + [(2, 0, 64, 1)] * 2 + [(3, 0, 64, 1)]


async def test_receipts_of_the_other_side_are_kept(alice: Home, bob: Home) -> None:
    hers, _ = await talk(alice, bob)
    receipt = await hers.post("four")
    await receipt.delivered()
    found = await look(alice, "SELECT seq, length(signature) FROM client_receipt ORDER BY seq")
    assert found[-1] == (4, 64)


async def change(home: Home, row: rows.Row) -> None:
    unit = Unit()
    unit.write(row)
    await unit.commit(home.client.engine.context.database)


async def test_what_the_history_changes_is_preserved_before(alice: Home, bob: Home) -> None:
    hers, _ = await talk(alice, bob)
    line = (await hers.history())[0]
    await change(alice, evidence.preserve(hers.row_id, line.id, outgoing=True))
    kept = "SELECT seq, payload FROM client_evidence WHERE outgoing AND kind = 0 ORDER BY seq"
    found = await look(alice, kept)
    assert [seq for seq, payload in found if payload is not None] == [2]
    [(data,)] = await look(alice, "SELECT data FROM client_message WHERE text = 'one'")
    assert found[0][1] == data


async def test_what_is_deleted_leaves_its_hash(alice: Home, bob: Home) -> None:
    hers, _ = await talk(alice, bob)
    line = (await hers.history())[0]
    await change(alice, evidence.forget(hers.row_id, line.id, outgoing=True))
    [(digest, *rest)] = await look(
        alice,
        "SELECT digest, kind, msg_id, ts_ms, signature, payload FROM client_evidence"
        " WHERE outgoing AND seq = 2",
    )
    assert isinstance(digest, bytes)
    assert len(digest) == 32
    assert rest == [None] * 5


async def test_a_removed_contact_leaves_nothing_to_prove(alice: Home, bob: Home) -> None:
    hers, _ = await talk(alice, bob)
    left = (
        "SELECT connection_id FROM client_evidence UNION SELECT connection_id FROM client_receipt"
    )
    assert await look(alice, left) == [(hers.row_id,)]
    await hers.remove()
    assert await look(alice, left) == []

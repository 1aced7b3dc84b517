"""After a conversation, neither the relay's files nor its log know who spoke, or what."""

import asyncio
import logging
from pathlib import Path

import pytest
from tests.relay.support import Clients, Rest, clients, envelope

from graphchat.testing import relay
from graphchat.wire.base64url import from_text
from graphchat.wire.limits import S
from graphchat.wire.socket import DeleteMessage, Push, Send
from graphchat_relay.cli.serving import note

SAID = "what nobody but the two shall know "


def contents(folder: Path) -> bytes:
    """Return the raw bytes of database, write-ahead log, and whatever else is there."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


async def converse(peers: Clients) -> list[str]:
    """Say and do everything that there is; return all names that were used for it."""
    ways: Rest = peers.rest
    queue = await ways.queue("alice", "bob")
    other = await ways.queue("carol", None)
    alice, bob = await peers.socket(), await peers.socket(binary=False)
    await bob.say(bob.attach("bob", queue.sender_uri))
    await bob.hear()
    await bob.say(Send("first", queue.sender_uri, envelope(SAID * 50)))
    await bob.hear()
    await alice.say(alice.subscribe("alice", queue.recipient_uri))
    await alice.hear()
    pushed = await alice.hear()
    assert isinstance(pushed, Push)
    await alice.say(DeleteMessage("gone", queue.recipient_uri, pushed.message.id))
    await alice.hear()
    assert (await ways.send(queue, "bob", envelope(SAID * 51))).status == 200
    [left] = [await alice.hear()]
    assert isinstance(left, Push)
    assert (await ways.send(queue, "eve", envelope(SAID))).status == 401
    assert (await ways.send(other, None, envelope(SAID * 52))).status == 200
    assert (await ways.send(other, None, b"")).status == 400
    uri = f"{queue.recipient_uri}/messages/{left.message.id}"
    assert (await ways.ask("DELETE", uri, by="alice")).status == 200
    for recipient, who in ((other.recipient_uri, "carol"), (queue.recipient_uri, "alice")):
        if who == "carol":
            assert (await ways.ask("DELETE", recipient, by=who)).status == 200
    names = [queue.recipient_uri, queue.sender_uri, other.recipient_uri, other.sender_uri]
    return [*names, pushed.message.id, left.message.id]


@pytest.mark.parametrize("store", [None, "memory:"])
async def test_nothing_is_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, store: str | None
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_exception_handler(note)  # as the command does
    async with relay(store, folder=tmp_path) as served, clients(served.uri) as peers:
        for name in ("asyncio", "aiohttp.access", "aiohttp.client"):
            logging.getLogger(name).setLevel(logging.WARNING)  # the test's own ends
        caplog.clear()  # of the start
        names = await converse(peers)
        while_running = contents(tmp_path)
    found = while_running + contents(tmp_path)
    ids = [name.rpartition("/")[2] for name in names]
    secrets = [name.encode() for name in ids]
    secrets += [from_text(name, 18) for name in ids if len(name) == 24]
    secrets += [SAID.encode(), b"127.0.0.1", b"localhost"]
    for secret in secrets:
        # A queue that lives keeps the ids of messages that wait; here none does.
        assert secret not in found, secret
    assert caplog.text == "", "a relay keeps no record of its clients"


async def test_a_message_for_somebody_who_listens_never_reaches_the_disk(tmp_path: Path) -> None:
    async with relay(folder=tmp_path) as served, clients(served.uri) as peers:
        queue = await peers.rest.queue("alice", "bob")
        alice, bob = await peers.socket(), await peers.socket()
        await bob.say(bob.attach("bob", queue.sender_uri))
        await bob.hear()
        await alice.say(alice.subscribe("alice", queue.recipient_uri))
        await alice.hear()
        for number in range(50):
            await bob.say(Send(f"s{number}", queue.sender_uri, envelope(SAID, S)))
            pushed = await alice.hear()
            assert isinstance(pushed, Push)
            await alice.say(DeleteMessage("d", queue.recipient_uri, pushed.message.id))
            await alice.hear()
            await bob.hear()
        # On a busy machine the recipient may be slower than the relay's patience of 5 ms.
        assert served.metrics["elided"] >= 25
        if served.metrics["stored"] == 0:
            assert SAID.encode() not in contents(tmp_path)
        assert served.metrics["stored"] + served.metrics["elided"] == 50

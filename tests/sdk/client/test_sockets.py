import asyncio
from functools import partial

import pytest
from tests.sdk.transport.scripted import Recorder, ScriptedRelay, serving, transporting, until

from graphchat.client import sockets
from graphchat.client.sockets import Entry
from graphchat.errors import StateError
from graphchat.transport.link import SocketLink


def was_up(listener: Recorder, times: int) -> bool:
    return len(listener.all("up")) == times


async def test_a_socket_opens_and_closes_and_opens_again() -> None:
    async with serving(ScriptedRelay()) as relay, transporting() as transport:
        listener = Recorder()
        entry = Entry(transport.link(relay.address, listener))
        for count in (1, 2, 3):
            entry.open()
            await until(partial(was_up, listener, count))
            assert entry.link.connected
            entry.heard(up=True)
            assert entry.failures == 0
            entry.shut()
            assert not entry.up
        assert entry.ending is not None
        await asyncio.wait([entry.ending])
        assert not entry.link.connected
        assert entry.task is None


async def test_turns_without_a_connection_are_counted() -> None:
    async with serving(ScriptedRelay()) as relay, transporting() as transport:
        entry = Entry(transport.link(relay.address, Recorder()))
        for count in (1, 2, 3):
            entry.open()
            entry.shut()
            assert entry.failures == count
        assert entry.ending is not None
        await asyncio.wait([entry.ending])


async def test_a_socket_that_fails_is_told_and_begun_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sockets, "FIRST_REPAIR", 0.01)
    async with serving(ScriptedRelay()) as relay, transporting() as transport:
        listener = Recorder()
        link = transport.link(relay.address, listener)
        assert isinstance(link, SocketLink)
        dial, faults = link.dial, [ZeroDivisionError("secret"), StateError("secret")]

        async def faulty() -> object:
            if faults:
                raise faults.pop()
            return await dial()

        link.dial = faulty  # type: ignore[assignment] # it returns what `dial` does
        entry = Entry(link)
        entry.open()
        await until(lambda: listener.all("up"))
        entry.shut()
        assert entry.ending is not None
        await asyncio.wait([entry.ending])
    assert [record.getMessage() for record in caplog.records] == [
        "a socket of the client failed: StateError",
        "a socket of the client failed: ZeroDivisionError",
    ]

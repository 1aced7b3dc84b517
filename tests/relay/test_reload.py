import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.relay.support import Clients, clients, key

from graphchat.clock import SystemClock
from graphchat.crypto.keys import SigningKey
from graphchat.errors import StoreError
from graphchat.testing import relay
from graphchat.wire import rest
from graphchat_relay import reload, tokens
from graphchat_relay.identity import write_certificate
from graphchat_relay.reload import Watched

CLOCK = SystemClock()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "LOOK", 0.01)


async def status(peers: Clients, token: str) -> int:
    body = rest.encode(rest.CreateQueue(key("alice").public))
    end = f"/{token}" if token else ""
    return (await peers.rest.ask("POST", peers.address.base + end, body, by="alice")).status


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await look():  # noqa: ASYNC110 - files and a network are in between
            await asyncio.sleep(0.01)


async def becomes(peers: Clients, token: str, wanted: int) -> None:
    async def look() -> bool:
        return await status(peers, token) == wanted

    await until(look)


async def test_tokens_are_taken_up_while_the_relay_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tokens.json"
    async with relay("memory:", folder=tmp_path) as served, clients(served.uri) as peers:
        assert await status(peers, "") == 201
        token = tokens.add(path, "Alice", CLOCK)
        await becomes(peers, token, 201)
        assert await status(peers, "") == 401
        path.write_text("damaged")

        async def told() -> bool:
            return "the new tokens cannot be used" in caplog.text

        await until(told)
        assert await status(peers, token) == 201
        path.write_text("[]\n")
        await becomes(peers, token, 401)
        assert await status(peers, "") == 401
        path.unlink()
        await becomes(peers, "", 201)
    assert token not in caplog.text


async def test_a_renewed_certificate_is_shown_to_those_who_come_after(tmp_path: Path) -> None:
    def renewed() -> None:
        write_certificate(SigningKey.generate(CLOCK), "localhost", tmp_path)

    renewed()
    files = (tmp_path / "certificate.pem", tmp_path / "certificate.key")
    async with relay("memory:", certfile=files[0], keyfile=files[1]) as served:
        port = int(served.uri.rpartition(":")[2].partition("/")[0])
        before = await shown(port)
        assert await shown(port) == before
        files[0].write_text("damaged")
        await asyncio.sleep(0.1)
        assert await shown(port) == before
        renewed()

        async def is_new() -> bool:
            return await shown(port) != before

        await until(is_new)


async def shown(port: int) -> bytes:
    """Return the certificate of the relay at a port."""
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=anything)
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return found


def refusing(error: Exception) -> Callable[[], None]:
    def take() -> None:
        raise error

    return take


@pytest.mark.parametrize("error", [StoreError("secret"), OSError("secret")])
def test_what_cannot_be_taken_up_is_told_once_and_by_its_kind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    watched = Watched("thing", (tmp_path / "file",), refusing(error))
    assert not watched.look()
    (tmp_path / "file").write_text("x")
    assert watched.look()
    assert not watched.look()
    assert caplog.text == ""
    watched.renew()
    [record] = caplog.records
    assert record.message == f"the new thing cannot be used, the old stays: {type(error).__name__}"


async def test_what_is_in_use_is_exchanged_in_the_thread_that_uses_it(tmp_path: Path) -> None:
    taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    watched = Watched(
        "thing", (tmp_path / "file",), lambda: taken.set_result(threading.get_ident())
    )
    (tmp_path / "file").write_text("x")
    watching = asyncio.create_task(reload.watch([watched]))
    async with asyncio.timeout(20):
        assert await taken == threading.get_ident()
    watching.cancel()

"""A small client that tries everything a relay has to do, and measures it."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from time import perf_counter
from typing import Final

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from yarl import URL

from graphchat.clock import SystemClock
from graphchat.crypto.keys import SigningKey
from graphchat.errors import (
    RelayError,
    RelayIdentityError,
    RelayUnreachableError,
    UnauthorizedError,
)
from graphchat.wire import rest, socket as objects
from graphchat.wire.codec import InvalidObjectError
from graphchat.wire.frames import decode_server, encode_binary
from graphchat.wire.limits import FRAME, S
from graphchat.wire.signing import Authorization, new_nonce, request_bytes, socket_bytes
from graphchat.wire.uri import RelayAddress, fingerprint
from graphchat_relay.cli.report import Step

UNREACHABLE: Final = "The relay does not answer. Check the address, the network and the firewall."
NO_RELAY: Final = "Something answers there, but it is no graphchat relay. Check the address."


async def check_relay(uri: str, seconds: float) -> list[Step]:
    """Try the relay. Raises `GraphchatError` with a sentence for people."""
    address = RelayAddress.parse(uri)
    try:
        return await _check(address, seconds)
    except InvalidObjectError:
        raise RelayError(NO_RELAY) from None
    except aiohttp.ClientConnectorCertificateError:
        raise RelayIdentityError(
            "The certificate of the relay is neither valid for its name nor made with the key that"
            " the fingerprint names. Do not use it."
        ) from None
    except (aiohttp.WSServerHandshakeError, aiohttp.InvalidURL):
        raise RelayError(NO_RELAY) from None
    except (aiohttp.ClientError, OSError, TimeoutError):
        raise RelayUnreachableError(UNREACHABLE) from None


async def _check(address: RelayAddress, seconds: float) -> list[Step]:
    pin = await _pin(address, seconds)
    timeout = aiohttp.ClientTimeout(total=seconds)
    connector = aiohttp.TCPConnector(ssl=pin)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        checking = Checking(address, http)
        async with asyncio.timeout(10 * seconds):
            await checking.run()
    return checking.steps


class Checking:
    def __init__(self, address: RelayAddress, http: aiohttp.ClientSession) -> None:
        self.steps: list[Step] = []
        self._address = address
        self._http = http
        self._clock = SystemClock()
        self._recipient = SigningKey.generate(self._clock)
        self._sender = SigningKey.generate(self._clock)

    async def run(self) -> None:
        async with self._http.ws_connect(
            self._address.socket_uri, max_msg_size=FRAME, compress=0
        ) as socket:
            with self._measured("connect a socket"):
                [session] = decode_server((await socket.receive()).data)
            if not isinstance(session, objects.Session):
                raise RelayError(NO_RELAY)
            if fingerprint(session.relay) != self._address.fingerprint:
                raise RelayIdentityError
            queue = await self._create()
            try:
                await self._by_rest(queue)
                await self._by_socket(Talk(socket, session.nonce, self._address), queue)
            finally:
                with self._measured("delete the queue"):
                    await self._request("DELETE", queue.recipient_uri, None, self._recipient)

    async def _create(self) -> rest.CreatedQueue:
        body = rest.CreateQueue(self._recipient.public)
        with self._measured("create a queue"):
            try:
                found = await self._request(
                    "POST", self._address.create_uri, body, self._recipient
                )
            except UnauthorizedError:
                raise UnauthorizedError(
                    "The relay refuses to create a queue. It is private: ask its operator for an"
                    " address with a token. Or the clock of this machine is wrong."
                ) from None
        return rest.decode(rest.CreatedQueue, found)

    async def _by_rest(self, queue: rest.CreatedQueue) -> None:
        message = rest.SendMessage(self._clock.random(S))
        messages = f"{queue.recipient_uri}/messages"
        with self._measured("secure the queue"):
            key = rest.SecureQueue(self._sender.public)
            await self._request("PUT", queue.recipient_uri, key, self._recipient)
        with self._measured("send by REST"):
            await self._request("POST", f"{queue.sender_uri}/messages", message, self._sender)
        with self._measured("receive by REST"):
            found = await self._request("GET", messages, None, self._recipient)
        listed = rest.decode(rest.MessageList, found).messages
        if [one.msg for one in listed] != [message.msg]:
            raise RelayError("The relay returns something else than was sent.")
        with self._measured("delete by REST"):
            await self._request("DELETE", f"{messages}/{listed[0].id}", None, self._recipient)

    async def _by_socket(self, talk: "Talk", queue: rest.CreatedQueue) -> None:
        body = self._clock.random(S)
        recipient, sender = queue.recipient_uri, queue.sender_uri
        with self._measured("subscribe"):
            auth = talk.auth(self._recipient, recipient, "subscribe")
            await talk.ask(objects.Subscribe("1", recipient, auth))
        with self._measured("attach"):
            await talk.ask(objects.Attach("2", sender, talk.auth(self._sender, sender, "attach")))
        with self._measured("send by socket"):
            await talk.say(objects.Send(new_nonce(self._clock), sender, body))
            pushed = await talk.next(objects.Push)
        if pushed.message.msg != body:
            raise RelayError("The relay delivers something else than was sent.")
        with self._measured("delete by socket"):
            await talk.ask(objects.DeleteMessage("4", recipient, pushed.message.id))

    async def _request(
        self, method: str, uri: str, body: rest.Body | None, key: SigningKey
    ) -> bytes:
        data = b"" if body is None else rest.encode(body)
        url = URL(uri, encoded=True)
        ts, nonce = int(self._clock.now()), new_nonce(self._clock)
        signed = request_bytes(method, self._address.fingerprint, url.raw_path_qs, ts, nonce, data)
        headers = {"Authorization": Authorization(ts, nonce, key.sign(signed)).header}
        if body is not None:
            headers["Content-Type"] = "application/json"
        async with self._http.request(method, url, data=data or None, headers=headers) as answer:
            found = await answer.read()
        if answer.status == 401:
            raise UnauthorizedError
        if answer.status not in {200, 201}:
            raise RelayError(f"The relay answers {answer.status} to {method}.")
        return found

    @contextmanager
    def _measured(self, what: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.steps.append(Step(what, 1000 * (perf_counter() - start)))


class Talk:
    """A socket, one question at a time."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, nonce: str, address: RelayAddress
    ) -> None:
        self._socket = socket
        self._nonce = nonce
        self._address = address

    def auth(self, key: SigningKey, uri: str, kind: str) -> bytes:
        return key.sign(socket_bytes(self._address.fingerprint, self._nonce, uri, kind))

    async def say(self, found: objects.ClientObject) -> None:
        await self._socket.send_bytes(encode_binary([found]))

    async def ask(self, found: objects.ClientObject) -> None:
        """Wait for the answer to this one. Raises `RelayError` unless it is ok."""
        await self.say(found)
        while True:
            for heard in await self._hear():
                if isinstance(heard, objects.Answer) and heard.id == found.id:
                    if not heard.ok:
                        raise RelayError(f"The relay refuses: {heard.error}.")
                    return

    async def next(self, kind: type[objects.Push]) -> objects.Push:
        while True:
            for heard in await self._hear():
                if isinstance(heard, kind):
                    return heard

    async def _hear(self) -> list[objects.ServerObject]:
        frame = await self._socket.receive()
        if frame.type not in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
            raise RelayUnreachableError("The relay closed the socket. Try again later.")
        return decode_server(frame.data)


async def _pin(address: RelayAddress, seconds: float) -> bool | aiohttp.Fingerprint:
    """Return how to check the relay's certificate: by the authorities, or by its key."""
    url = URL(address.base)
    if url.scheme != "https":
        return True
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE
    async with asyncio.timeout(seconds):
        _, writer = await asyncio.open_connection(url.host, url.port, ssl=anything)
    shown: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    key = x509.load_der_x509_certificate(shown).public_key()
    raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)[-32:]
    # An Ed25519 key is the end of its DER; of another kind of key nothing hashes to the same.
    if fingerprint(raw) == address.fingerprint:
        return aiohttp.Fingerprint(sha256(shown).digest())
    return True

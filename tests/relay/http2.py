"""A client of HTTP/2 over h2, as plain as the one of HTTP/1.1 in `support`."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.settings import SettingCodes
from multidict import CIMultiDict
from tests.relay.support import Answer, Rest
from yarl import URL

from graphchat.wire.uri import RelayAddress

Headers = Sequence[tuple[str, str]]


@dataclass(slots=True, eq=False)
class Stream:
    """What has come of one answer."""

    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    body: bytearray = field(default_factory=bytearray)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reset: int | None = None
    """The code with which the relay ended it."""

    async def answer(self) -> Answer:
        async with asyncio.timeout(10):
            await self.ended.wait()
        assert self.reset is None, self.reset
        headers = CIMultiDict(self.headers)
        return Answer(int(headers.pop(":status")), bytes(self.body), headers)


class Connection:
    """``window`` is how much of an answer it takes before it is read."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._room = asyncio.Event()
        self.h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.streams: dict[int, Stream] = {}
        self.known = asyncio.Event()
        """The relay's settings have come."""
        self.over = asyncio.Event()
        self.h2.local_settings[SettingCodes.INITIAL_WINDOW_SIZE] = window
        self.h2.local_settings.acknowledge()
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.write(self.h2.data_to_send())

    def write(self, data: bytes) -> None:
        """Say what h2 would not."""
        self._writer.write(data)

    async def run(self) -> None:
        try:
            while data := await self._reader.read(65536):
                for event in self.h2.receive_data(data):
                    self._hear(event)
                self._room.set()
                self.flush()
        except ConnectionError:
            pass
        finally:
            self.over.set()
            for stream in self.streams.values():
                stream.ended.set()

    def _hear(self, event: Event) -> None:
        match event:
            case ResponseReceived():
                for name, value in event.headers:
                    self.streams[event.stream_id].headers.add(str(name), str(value))
            case DataReceived():
                self.streams[event.stream_id].body += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                self.streams[event.stream_id].ended.set()
            case StreamReset():
                self.streams[event.stream_id].reset = int(event.error_code)
                self.streams[event.stream_id].ended.set()
            case RemoteSettingsChanged():
                self.known.set()
            case ConnectionTerminated():
                self.over.set()
            case _:
                pass

    def begin(self, headers: Headers, *, end: bool) -> int:
        """Begin a request; return its stream."""
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = Stream()
        self.h2.send_headers(number, headers, end_stream=end)
        self.flush()
        return number

    async def push(self, number: int, body: bytes, *, end: bool = True) -> None:
        """Send a body, as far as the relay takes it."""
        while body:
            size = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            if not size:
                self._room.clear()
                async with asyncio.timeout(10):
                    await self._room.wait()
                continue
            self.h2.send_data(number, body[:size])
            body = body[size:]
            self.flush()
        if end:
            self.h2.end_stream(number)
            self.flush()


@asynccontextmanager
async def connected(base: str, window: int = 65_535) -> AsyncIterator[Connection]:
    """Connect to the relay with this address: by ALPN, or knowing what it speaks."""
    url = URL(base)
    context = None
    if url.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection(url.host, url.port, ssl=context)
    if context is not None:
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    found = Connection(reader, writer, window)
    running = asyncio.create_task(found.run())
    try:
        await found.known.wait()
        yield found
    finally:
        writer.close()
        running.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await running


def asking(method: str, uri: str, more: Headers = ()) -> list[tuple[str, str]]:
    """Return the headers of a request."""
    url = URL(uri, encoded=True)
    return [
        (":method", method),
        (":scheme", url.scheme),
        (":authority", url.authority),
        (":path", url.raw_path_qs),
        *more,
    ]


class Http2Rest(Rest):
    """Sends the same requests as `Rest`, all over one connection."""

    def __init__(self, address: RelayAddress, connection: Connection) -> None:
        self.address = address
        self.connection = connection

    async def fetch(self, method: str, url: URL, headers: dict[str, str], body: bytes) -> Answer:
        more = {name.lower(): value for name, value in headers.items()}
        asked = asking(method, str(url))
        if (host := more.pop("host", None)) is not None:
            asked[2] = (":authority", host)
        number = self.connection.begin([*asked, *more.items()], end=not body)
        if body:
            await self.connection.push(number, body)
        return await self.connection.streams[number].answer()

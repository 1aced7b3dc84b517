"""Streams what a language model says, from any endpoint that speaks as OpenAI's does."""

import asyncio
from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import IncrementalNewlineDecoder
from typing import Final, Literal, final

import aiohttp
import msgspec

TRIES: Final = 4
FIRST_PAUSE: Final = 1.0
# Somebody waits in a chat.
LONGEST_PAUSE: Final = 20.0
# Until the first byte, and from there to the last one: together less than a handler may run.
SECONDS_TO_BEGIN: Final = 120
SECONDS_TO_END: Final = 150
SECONDS_OF_SILENCE: Final = 60
MOST_EVENT: Final = 2**18
MOST_BYTES: Final = 2**22
BUSY: Final = frozenset({408, 429, 500, 502, 503, 504})

NO_STREAM: Final = "The model answers with something that is no stream. Tell whoever runs the bot."
BROKEN: Final = "The model stopped in the middle. Please ask again."
AWAY: Final = "The model cannot be reached now. Please try again later."
BAD_KEY: Final = "The model does not accept the bot's key. Tell whoever runs the bot."
WHY: Final = {
    400: "The model does not take that. /new forgets what was said, then ask again.",
    401: BAD_KEY,
    403: BAD_KEY,
    404: "There is no such model. Tell whoever runs the bot.",
    429: "The model is asked too much at the moment. Please try again later.",
}


class ModelError(Exception):
    """The model did not answer; the text says why, for people, and quotes nobody."""


class Said(msgspec.Struct, frozen=True):
    role: Literal["system", "user", "assistant"]
    content: str


class Delta(msgspec.Struct, frozen=True):
    content: str | None = None


class Choice(msgspec.Struct, frozen=True):
    delta: Delta | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    """One event of the stream; endpoints add fields as they like."""

    choices: tuple[Choice, ...] | None = None
    error: object = None

    @property
    def words(self) -> str:
        deltas = [each.delta for each in self.choices or () if each.delta]
        return "".join(delta.content or "" for delta in deltas)

    @property
    def is_last(self) -> bool:
        return any(each.finish_reason for each in self.choices or ())


@final
class Model:
    """One model of one endpoint."""

    def __init__(self, http: aiohttp.ClientSession, url: str, name: str, pause: float) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._name = name
        self._pause = pause

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, url: str, name: str, key: str = "", pause: float = FIRST_PAUSE
    ) -> AsyncIterator["Model"]:
        """Open an endpoint such as ``http://127.0.0.1:11434/v1``.

        ``pause`` is how many seconds pass before the second try.
        """
        headers = {"Authorization": f"Bearer {key.strip()}"} if key.strip() else {}
        timeout = aiohttp.ClientTimeout(
            total=SECONDS_TO_END, sock_connect=10, sock_read=SECONDS_OF_SILENCE
        )
        # Chats pause for longer than a server keeps a connection, and a POST on one that has
        # just been closed would fail.
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(
            connector=connector, headers=headers, timeout=timeout
        ) as http:
            yield cls(http, url, name, pause)

    async def answer(self, said: Sequence[Said]) -> AsyncGenerator[str, None]:
        """Yield the answer piece by piece. Raises `ModelError`."""
        try:
            async with asyncio.timeout(SECONDS_TO_BEGIN):
                reply = await self._ask(said)
        except (aiohttp.ClientError, OSError):
            raise ModelError(AWAY) from None
        async with reply:
            try:
                async for words in answer_in(reply.content.iter_any()):
                    yield words
            except (aiohttp.ClientError, OSError):
                raise ModelError(BROKEN) from None

    async def _ask(self, said: Sequence[Said]) -> aiohttp.ClientResponse:
        body = {"model": self._name, "messages": msgspec.to_builtins(said), "stream": True}
        number = 0
        # Tried again only before the first word: nothing is said twice.
        while True:
            # No redirects: the key goes where the operator has sent it, and nowhere else.
            reply = await self._http.post(self._url, json=body, allow_redirects=False)
            if reply.status == 200:
                return reply
            reply.close()
            number += 1
            seconds = _pause(reply, self._pause * 2.0 ** (number - 1))
            if reply.status not in BUSY or number == TRIES or seconds > LONGEST_PAUSE:
                raise ModelError(_why(reply.status))
            await asyncio.sleep(seconds)


async def answer_in(chunks: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """Yield the words in a stream of bytes. Raises `ModelError`."""
    chunk = None
    async for data in events(chunks):
        if data == "[DONE]":
            return
        try:
            chunk = msgspec.json.decode(data, type=Chunk)
        except (msgspec.MsgspecError, RecursionError):
            raise ModelError(NO_STREAM) from None
        if chunk.error is not None:
            raise ModelError(BROKEN)
        if words := chunk.words:
            yield words
        if chunk.is_last:  # some endpoints say only this, and no [DONE]
            return
    raise ModelError(BROKEN if chunk else NO_STREAM)


async def events(chunks: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """Yield the data of each server-sent event, however its bytes were cut into pieces.

    Raises `ModelError` if an event is larger than 256 KiB, or all together than 4 MiB.
    """
    text = IncrementalNewlineDecoder(getincrementaldecoder("utf-8-sig")("replace"), translate=True)
    rest, data, size, total = "", list[str](), 0, 0
    async for chunk in chunks:
        total += len(chunk)
        *lines, rest = (rest + text.decode(chunk)).split("\n")
        for line in lines:
            if line.startswith("data:"):
                data.append(line.removeprefix("data:").removeprefix(" "))
                size += len(line)
            elif not line:  # comments and other fields are passed over
                if event := "\n".join(data):
                    yield event
                data, size = [], 0
        if len(rest) + size > MOST_EVENT or total > MOST_BYTES:
            raise ModelError(NO_STREAM)


def _pause(reply: aiohttp.ClientResponse, seconds: float) -> float:
    """Return how long to wait: as the endpoint wants it, or else ``seconds``."""
    wanted = reply.headers.get("Retry-After", "")
    return float(wanted) if wanted.isdecimal() else seconds


def _why(status: int) -> str:
    if status in WHY:
        return WHY[status]
    if status in BUSY:
        return f"The model fails at the moment (status {status}). Please try again later."
    return f"The model refuses (status {status}). Tell whoever runs the bot."

"""Gets feeds from anywhere on the web: bounded in size and time, and never from private places."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, final

import aiohttp
import feedparser  # type: ignore[import-untyped]
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

MOST_BYTES: Final = 2 * 2**20
MOST_ENTRIES: Final = 200
MOST_REDIRECTS: Final = 3
SECONDS: Final = 20
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class FeedError(Exception):
    """There is no feed; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    title: str
    link: str


@dataclass(frozen=True, slots=True)
class Feed:
    title: str
    entries: tuple[Entry, ...]
    """The newest first."""
    etag: str = ""
    modified: str = ""


@final
class PublicOnly(AbstractResolver):
    """Finds only public addresses, so that nobody reads the bot's own network through it.

    What is connected to is what was checked here: a name cannot change in between.
    """

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        public = [each for each in found if is_public(each["host"])]
        if not public:
            raise OSError(None, "no public address")
        return public

    async def close(self) -> None:
        await self._inner.close()


class Fetcher:
    """Gets and reads feeds."""

    def __init__(self, http: aiohttp.ClientSession, *, private: bool) -> None:
        self._http = http
        self._private = private

    @classmethod
    @asynccontextmanager
    async def opened(cls, *, private: bool) -> AsyncIterator["Fetcher"]:
        """Open it; ``private`` lets it go to private addresses, too."""
        # Resolved anew each time: a cache would outlive the check.
        connector = aiohttp.TCPConnector(
            resolver=None if private else PublicOnly(), use_dns_cache=private, limit_per_host=2
        )
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        headers = {"User-Agent": "graphchat-feed-bot"}
        # Feeds of different people share nothing: no cookies.
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as http:
            yield cls(http, private=private)

    async def fetch(self, url: str, etag: str = "", modified: str = "") -> Feed | None:
        """Return the feed, or nothing if it is as it was then. Raises `FeedError`."""
        headers = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in headers.items() if value}
        try:
            async with asyncio.timeout(SECONDS):
                return await self._follow(URL(url), headers)
        except TimeoutError:
            raise FeedError("It takes too long to answer.") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise FeedError("It cannot be reached.") from None

    async def _follow(self, url: URL, headers: dict[str, str]) -> Feed | None:
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url)
            async with self._http.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status not in REDIRECTS:
                    return await _read(answer)
                url = url.join(URL(answer.headers.get("Location", "")))
        raise FeedError("It leads on and on.")

    def _check(self, url: URL) -> None:
        if url.scheme not in {"http", "https"} or not url.host:
            raise FeedError("A feed begins with https:// or http://.")
        # An address that stands in the URL is asked of no resolver.
        if not self._private and not _may_be_public(url.host):
            raise FeedError("It is in a private network.")


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public internet."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast


def parse(body: bytes) -> Feed:
    """Read RSS or Atom. Raises `FeedError`."""
    read = feedparser.parse(body)
    if not read.get("version"):
        raise FeedError("It is neither RSS nor Atom.")
    entries = tuple(_entry(each) for each in read.entries[:MOST_ENTRIES])
    return Feed(_line(read.feed.get("title", "")), entries)


def _entry(raw: feedparser.FeedParserDict) -> Entry:
    link, title = str(raw.get("link", "")), _line(raw.get("title", "")) or "(without a title)"
    web = link.startswith(("https://", "http://")) and len(link) <= 1_000
    return Entry(str(raw.get("id") or link or title), title, link if web else "")


def _line(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= 300 else f"{line[:297]}..."


async def _read(answer: aiohttp.ClientResponse) -> Feed | None:
    if answer.status == 304:
        return None
    if answer.status != 200:
        raise FeedError(f"It answers with status {answer.status}.")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(2**16):
        body += chunk
        if len(body) > MOST_BYTES:
            raise FeedError("It is too large.")
    # Up to a second of processor time, in which other chats go on.
    feed = await asyncio.to_thread(parse, bytes(body))
    headers = answer.headers
    return Feed(
        feed.title,
        feed.entries,
        headers.get("ETag", "")[:200],
        headers.get("Last-Modified", "")[:100],
    )


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return True  # a name: the resolver says

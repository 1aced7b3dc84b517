from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from graphchat_bots.examples.feed_fetching import (
    MOST_BYTES,
    Feed,
    FeedError,
    Fetcher,
    is_public,
    parse,
)

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>A  blog</title>
<entry><id>tag:1</id><title>First</title><link href="https://a.example/1"/></entry>
<entry><id>tag:2</id><link href="javascript:alert(1)"/></entry></feed>"""


async def feed(request: web.Request) -> web.Response:
    return web.Response(body=ATOM, content_type="application/atom+xml")


async def moved(request: web.Request) -> web.Response:
    raise web.HTTPFound("/feed")


async def circle(request: web.Request) -> web.Response:
    raise web.HTTPFound("/circle")


async def inwards(request: web.Request) -> web.Response:
    raise web.HTTPFound("file:///etc/passwd")


async def endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(MOST_BYTES // 2**16 + 2):
        await answer.write(b"x" * 2**16)
    return answer


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    app = web.Application()
    for answer in (feed, moved, circle, inwards, endless):
        app.router.add_get(f"/{answer.__name__}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def fetch(path: str) -> Feed | None:
    async with serving() as url, Fetcher.opened(private=True) as fetcher:
        return await fetcher.fetch(f"{url}/{path}")


async def test_a_feed_that_has_moved_is_found() -> None:
    found = await fetch("moved")
    assert found is not None
    assert found.title == "A blog"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("circle", "on and on"),
        ("inwards", "begins with https"),
        ("endless", "too large"),
        ("nowhere", "status 404"),
    ],
)
async def test_what_is_no_feed_is_said_in_words(path: str, why: str) -> None:
    with pytest.raises(FeedError, match=why):
        await fetch(path)


async def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    async with serving() as url:
        pass
    async with Fetcher.opened(private=True) as fetcher:
        with pytest.raises(FeedError, match="cannot be reached"):
            await fetcher.fetch(f"{url}/feed")


def test_titles_are_one_line_and_links_are_of_the_web() -> None:
    read = parse(ATOM)
    assert [(each.title, each.link) for each in read.entries] == [
        ("First", "https://a.example/1"),
        ("(without a title)", ""),
    ]
    with pytest.raises(FeedError, match="neither RSS nor Atom"):
        parse(b"<html>hello</html>")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
        "fc00::1",
    ],
)
def test_private_addresses_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1"])
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(address)

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from graphchat_bots.examples.feed import bot

TEN = timedelta(minutes=10)


@dataclass
class Site:
    """A web server with one feed."""

    url: str = ""
    entries: list[str] = field(default_factory=list)
    status: int = 200
    sent: int = 0
    """How often the whole feed was asked for and sent."""

    async def answer(self, request: web.Request) -> web.Response:
        tag = f'"{len(self.entries)}"'
        if self.status == 200 and request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        self.sent += 1
        items = "".join(
            f"<item><title>{each}</title><link>https://a.example/{each}</link></item>"
            for each in reversed(self.entries)
        )
        text = f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
        return web.Response(
            text=text, status=self.status, content_type="application/xml", headers={"ETag": tag}
        )


@asynccontextmanager
async def site(*entries: str) -> AsyncIterator[Site]:
    made = Site(entries=list(entries))
    app = web.Application()
    app.router.add_get("/feed", made.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/feed"
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_PRIVATE", "yes")


def said(*names: str) -> list[str]:
    return [f"News: {name}\nhttps://a.example/{name}" for name in names]


def test_nothing_is_wrong_with_it() -> None:
    assert bot.check() == []


async def test_each_entry_is_said_once_in_every_chat_over_crashes(tmp_path: Path) -> None:
    async with site("a", "b", "c") as news, bot.testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        assert await ann.says(f"/follow {news.url}") == ["OK, I follow News.", *said("b", "c")]
        await ben.says(f"/follow {news.url}")
        news.entries.append("d")
        await world.advance(TEN)
        await world.crash()
        await world.advance(TEN)
        assert await ann.hears() == said("d")
        assert await ben.hears() == said("d")
        news.entries += ["e", "f"]
        await world.away(timedelta(hours=5))
        await world.settle()
        assert await ann.hears() == said("e", "f")


async def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    async with site("a") as news, bot.testing(tmp_path) as world:
        await world.person("Ann").says(f"/follow {news.url}")
        await world.advance(TEN)
        before = news.sent
        await world.advance(3 * TEN)
        assert news.sent == before


async def test_followers_are_told_once_a_day_that_a_feed_cannot_be_read(tmp_path: Path) -> None:
    async with site("a") as news, bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says(f"/follow {news.url}")
        news.status = 500
        await world.advance(3 * TEN)
        told = ["News cannot be read. It answers with status 500."]
        assert await ann.hears() == told
        await world.away(timedelta(days=1))
        await world.settle()
        assert await ann.hears() == told
        news.status = 200
        news.entries.append("b")
        await world.advance(TEN)
        assert await ann.hears() == said("b")


async def test_feeds_are_listed_and_ended_by_number(tmp_path: Path) -> None:
    async with site("a") as news, bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/feeds") == ["Nothing. Say /follow URL."]
        await ann.says(f"/follow {news.url}")
        assert await ann.says(f"/follow {news.url}") == ["This chat follows it already."]
        assert await ann.says("/feeds") == [f"1) News {news.url}"]
        assert await ann.says("/unfollow 2") == ["There is no such feed here. /feeds shows them."]
        assert await ann.says("/unfollow 1") == ["OK, no more of News."]
        news.entries.append("b")
        await world.advance(TEN)
        assert await ann.hears() == []


async def test_what_is_no_feed_is_not_followed(tmp_path: Path) -> None:
    async with site() as news, bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says(f"/follow {news.url}x") == [
            "I cannot read that. It answers with status 404."
        ]
        assert await ann.says("/follow file:///etc/passwd") == [
            "I cannot read that. A feed begins with https:// or http://."
        ]
        assert await ann.says("/feeds") == ["Nothing. Say /follow URL."]


async def test_private_places_are_refused_unless_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FEED_PRIVATE")
    async with site("a") as news, bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says(f"/follow {news.url}") == [
            "I cannot read that. It is in a private network."
        ]
        by_name = news.url.replace("127.0.0.1", "localhost")
        assert await ann.says(f"/follow {by_name}") == [
            "I cannot read that. It cannot be reached."
        ]
        assert news.sent == 0

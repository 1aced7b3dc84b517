"""Says what is new in feeds (RSS, Atom), each entry once in every chat that follows."""

import asyncio
import os
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final

import msgspec

from graphchat_bots import Bot, Ctx, UserError
from graphchat_bots.examples.feed_fetching import Entry, Feed, FeedError, Fetcher

bot = Bot("feed", about="I tell you what is new in feeds. Say /follow URL.")

MOST_FEEDS: Final = 100
MOST_IN_CHAT: Final = 20
# Shown of a feed that a chat begins to follow.
BACKFILL: Final = 2
# More than a feed shows: what has left its end does not come again.
REMEMBERED: Final = 300
# A run of a cron says 1,000 messages at most; the rest waits for the next one.
MOST_AT_ONCE: Final = 800
AT_THE_SAME_TIME: Final = 8


class Followed(msgspec.Struct):
    title: str
    chats: list[str]
    seen: list[bytes]
    """Short digests of the entries that were said, the oldest first."""
    etag: str = ""
    modified: str = ""
    told: str = ""
    """The day on which followers were last told that it cannot be read."""


@bot.state(scope="bot")
class Feeds(msgspec.Struct):
    by_url: dict[str, Followed] = msgspec.field(default_factory=dict)

    def of(self, chat: str) -> list[str]:
        return [url for url, each in self.by_url.items() if chat in each.chats]


@bot.provide
async def fetcher() -> AsyncIterator[Fetcher]:
    private = os.environ.get("FEED_PRIVATE", "") == "yes"
    async with Fetcher.opened(private=private) as made:
        yield made


@bot.command(limit="10/min")
async def follow(ctx: Ctx, feeds: Feeds, web: Fetcher, url: str) -> AsyncIterator[str]:
    """Say here what is new in a feed: /follow and its address."""
    if len(url) > 500 or len(feeds.of(ctx.chat)) >= MOST_IN_CHAT:
        raise UserError(f"A chat follows {MOST_IN_CHAT} feeds at most. /unfollow NUMBER ends one.")
    if ctx.chat in (known := feeds.by_url.get(url, Followed("", [], []))).chats:
        raise UserError("This chat follows it already.")
    if url not in feeds.by_url and len(feeds.by_url) >= MOST_FEEDS:
        raise UserError("I follow too many feeds already.")
    try:
        # Without ETag: a chat that comes later is shown the newest, too.
        found = await web.fetch(url)
    except FeedError as error:
        raise UserError(f"I cannot read that. {error}") from None
    assert found is not None  # only for an ETag there is nothing new
    if not known.chats:
        known = Followed(found.title or url, [], [digest(each) for each in found.entries[::-1]])
    known.chats.append(ctx.chat)
    feeds.by_url[url] = known
    yield f"OK, I follow {known.title}."
    for entry in found.entries[:BACKFILL][::-1]:
        yield words(known.title, entry)


@bot.command()
async def unfollow(ctx: Ctx, feeds: Feeds, number: int) -> str:
    """End following a feed, by its number in /feeds."""
    mine = feeds.of(ctx.chat)
    if not 1 <= number <= len(mine):
        raise UserError("There is no such feed here. /feeds shows them.")
    url = mine[number - 1]
    ended = feeds.by_url[url]
    ended.chats.remove(ctx.chat)
    if not ended.chats:
        del feeds.by_url[url]
    return f"OK, no more of {ended.title}."


@bot.command(name="feeds")
async def show(ctx: Ctx, feeds: Feeds) -> str:
    """Show what this chat follows."""
    mine = [f"{n}) {feeds.by_url[url].title} {url}" for n, url in enumerate(feeds.of(ctx.chat), 1)]
    return "\n".join(mine) or "Nothing. Say /follow URL."


@bot.cron("*/10 * * * *", missed="once")
async def look(ctx: Ctx, feeds: Feeds, web: Fetcher) -> None:
    """Say what is new. That it was said is stored in one transaction with the messages."""
    slots = asyncio.Semaphore(AT_THE_SAME_TIME)

    async def fetch(url: str, each: Followed) -> Feed | FeedError | None:
        async with slots:
            try:
                return await web.fetch(url, each.etag, each.modified)
            except FeedError as error:
                return error

    followed = list(feeds.by_url.items())
    answers = await asyncio.gather(*(fetch(url, each) for url, each in followed))
    room = MOST_AT_ONCE
    for (_, each), answer in zip(followed, answers, strict=True):
        if isinstance(answer, Feed):
            room -= await say_new(ctx, each, answer, room)
        elif answer is not None and each.told != (today := f"{ctx.now():%Y-%m-%d}"):
            each.told = today
            for chat in each.chats:
                await ctx.send(f"{each.title} cannot be read. {answer}", to=chat)


async def say_new(ctx: Ctx, followed: Followed, feed: Feed, room: int) -> int:
    """Say what is new, as far as there is room; return how many messages that was."""
    new = [each for each in feed.entries[::-1] if digest(each) not in followed.seen]
    count = min(len(new), room // max(len(followed.chats), 1))
    for entry in new[:count]:
        followed.seen.append(digest(entry))
        for chat in followed.chats:
            await ctx.send(words(followed.title, entry), to=chat)
    followed.seen = followed.seen[-REMEMBERED:]
    if count == len(new):  # else the same is wanted again the next time
        followed.etag, followed.modified = feed.etag, feed.modified
    return count * len(followed.chats)


def digest(entry: Entry) -> bytes:
    return sha256(entry.id.encode()).digest()[:8]


def words(title: str, entry: Entry) -> str:
    return f"{title}: {entry.title}\n{entry.link}".rstrip()


if __name__ == "__main__":
    bot.run()

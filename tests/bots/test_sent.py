from pathlib import Path

from graphchat.content import Delete, Edit, Reaction, Text
from graphchat_bots import Bot, Ctx, Message
from graphchat_bots.testing.world import Level


async def test_a_handler_edits_and_deletes_what_it_has_said(
    tmp_path: Path, bot_level: Level
) -> None:
    bot = Bot("changeable")
    said: list[bytes] = []

    @bot.message(lambda msg: msg.text == "begin")
    async def begin(ctx: Ctx) -> str:
        status = await ctx.send("0 %")
        await status.edit("100 %")
        gone = await ctx.send("oops")
        await gone.delete()
        said.append(status.id)
        return "done"

    @bot.message(lambda msg: msg.text == "later")
    async def later(ctx: Ctx) -> None:
        await ctx.sent(said[0]).edit("later")

    @bot.message(lambda msg: msg.text == "away")
    async def away(ctx: Ctx) -> None:
        await ctx.sent(said[0]).delete()

    async with bot.testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        assert await ann.says("begin") == ["100 %", "done"]
        await world.crash()
        assert await ann.says("later") == [Edit(said[0], "later")]
        assert await ann.says("away") == [Delete(said[0])]


async def test_a_message_is_answered_with_a_quote_and_an_emoji(
    tmp_path: Path, bot_level: Level
) -> None:
    bot, seen = Bot("polite"), list[Message]()

    @bot.message()
    async def answer(msg: Message) -> str:
        seen.append(msg)
        await msg.react("👍")
        await (await msg.reply("yes")).edit("no")
        await msg.reply(Text("really"))
        return "well"

    async with bot.testing(tmp_path, bot_level) as world:
        heard = await world.person("Ann").says("true?")
        name = seen[0].id
        assert heard == [
            Reaction(name, "👍"), Text("no", name, "true?"), Text("really", name, "true?"), "well"
        ]  # fmt: skip

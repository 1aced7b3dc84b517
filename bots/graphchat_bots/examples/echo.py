"""The smallest bot: it says again what it is told."""

from graphchat_bots import Bot, Message

bot = Bot("echo")


@bot.message()
async def echo(msg: Message) -> str:
    return msg.text


if __name__ == "__main__":
    bot.run()

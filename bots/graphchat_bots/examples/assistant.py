"""Answers by a language model, word by word, and remembers the last of each chat."""

import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

import msgspec

from graphchat_bots import Bot, Ctx, Message, UserError
from graphchat_bots.examples.assistant_stream import Model, ModelError, Said

bot = Bot("assistant", about="Ask me anything. /new forgets what was said here.")

PROMPT: Final = "You answer in a chat: short, plain, and honest about what you do not know."
# In characters. The newest question and its answer always fit into what is remembered, and
# that into a state: 64 KiB, at four bytes for a character.
MOST_ASKED: Final = 4_000
MOST_SAID: Final = 8_000
MOST_REMEMBERED: Final = MOST_ASKED + MOST_SAID


@bot.state(scope="chat")
class Talk(msgspec.Struct):
    said: list[Said] = msgspec.field(default_factory=list)
    """Questions and answers in turn, the oldest first."""


@bot.provide
async def model() -> AsyncIterator[Model]:
    url = os.environ.get("ASSISTANT_URL", "http://127.0.0.1:11434/v1")
    name = os.environ.get("ASSISTANT_MODEL", "llama3.2")
    # Only from the environment: a file is copied, and an argument is seen by everybody here.
    async with Model.opened(url, name, os.environ.get("ASSISTANT_KEY", "")) as made:
        yield made


@bot.command()
async def new(talk: Talk) -> str:
    """Forget what was said in this chat."""
    talk.said.clear()
    return "OK, all is forgotten."


# Without a condition: in a group it answers only whoever mentions it.
@bot.message(limit="10/min")
async def answer(ctx: Ctx, msg: Message, talk: Talk, model: Model) -> str | None:
    if msg.file or not msg.text:
        raise UserError("I read only text.")
    if len(msg.text) > MOST_ASKED:
        raise UserError(f"At most {MOST_ASKED:,} characters, please.")
    prompt = Said("system", os.environ.get("ASSISTANT_PROMPT", PROMPT))
    asked, words = Said("user", msg.text), ""
    try:
        async with (
            aclosing(model.answer([prompt, *talk.said, asked])) as pieces,
            ctx.stream() as out,
        ):
            async for piece in pieces:
                words += (part := piece[: MOST_SAID - len(words)])
                await out.write(part)
                if len(words) >= MOST_SAID:
                    break
    except ModelError as error:
        # Returned, for what people have seen stays; half an answer is not remembered.
        return str(error)
    if not words.strip():
        return "The model has nothing to say to that."
    talk.said += [asked, Said("assistant", words)]
    forget_oldest(talk)
    return "That is as much as I say at once." if len(words) >= MOST_SAID else None


def forget_oldest(talk: Talk) -> None:
    """Drop whole questions with their answers, until the rest is small enough."""
    while sum(len(each.content) for each in talk.said) > MOST_REMEMBERED:
        del talk.said[:2]


if __name__ == "__main__":
    bot.run()

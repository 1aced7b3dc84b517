"""Somebody who talks with a bot in a test."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, final

from graphchat.content import BotCommands, Choice, Choices, Edit, Form, FormAnswer, Reaction, Text
from graphchat.content.forms import Value
from graphchat_bots.parcel import Attachment, Parcel, attachment
from graphchat_bots.testing.network import Heard, Network
from graphchat_bots.testing.room import Room
from graphchat_bots.testing.transcript import Said, Transcript, read


class Surroundings(Protocol):
    """What a person needs of the world."""

    @property
    def network(self) -> Network: ...

    def message_id(self, name: str | None) -> bytes:
        """Return the id of a message: always the same for a name, a fresh one for none."""
        ...

    async def settle(self, chat: str) -> None:
        """Wait until the bot has nothing more to do in ``chat``."""
        ...


@final
class Person:
    """Somebody who talks with the bot."""

    def __init__(self, world: Surroundings, name: str, *, is_bot: bool) -> None:
        self.name: Final = name
        self._world = world
        self._is_bot = is_bot
        self._chat: str | None = None
        self._last: tuple[Parcel, bytes] | None = None
        self._told = Transcript(name)
        self._heard = Transcript("the bot")
        self._commands: Mapping[str, str] = MappingProxyType({})

    async def joins(self) -> list[Said]:
        """Connect with the bot; return what it says to that."""
        await self._join()
        return await self.hears()

    async def chat(self) -> str:
        """Return the name of the chat with the bot; connects first, if nobody has."""
        if self._chat is None:
            await self.joins()  # whatever the bot says to that is no answer to something else
        return await self._join()

    async def says(
        self,
        said: Said | Path,
        *,
        to: Room | None = None,
        id: str | None = None,  # noqa: A002 - as in the docs
    ) -> list[Said]:
        """Say something to the bot, or in a group; return what the bot has said there since.

        It returns once the bot has nothing more to do there.

        A path is a file to send. Connects first, if nobody has. The same ``id`` again lets the
        bot receive the same event again. Raises `HandlerError` if a handler fails, unless inside
        `World.expecting`.
        """
        await self.chat()
        await self.sends(said, to=to, id=id)
        return await (self.hears() if to is None else to.hears())

    async def sends(
        self,
        said: Said | Path,
        *,
        to: Room | None = None,
        id: str | None = None,  # noqa: A002 - as in the docs
    ) -> None:
        """Say something, and do not wait for the answer: `hears` does."""
        chat = await self._join()
        message = await _parcel(said)
        message_id = self._world.message_id(None if id is None else f"{chat} {id}")
        if to is not None:
            assert not isinstance(message, Attachment), "files are sent in chats of two"
            await self._world.network.groups.post(to.chat, chat, message, message_id)
            return
        self._last = message, message_id
        await self._world.network.say(chat, message, message_id)
        if not isinstance(message, Attachment):
            self._told.add(Heard(message_id, message))

    async def presses(self, question: Said, label: str) -> list[Said]:
        """Press a button of the newest message of the bot that reads ``question``.

        Return the bot's answers. Raises `AssertionError` if it has no such button.
        """
        asked = self._heard.newest(question)
        assert isinstance(asked.message, Choices), f"{question!r} has no buttons"
        named = [option for option in asked.message.options if option.label == label]
        assert named, f"{question!r} has no button {label!r}"
        await self.sends(Choice(asked.id, named[0].id, label))
        return await self.hears()

    async def fills(self, form: Form, **values: Value) -> list[Said]:
        """Fill in the newest ``form`` of the bot, as `hears` has returned it; return its answers.

        Raises `AssertionError` if the bot has not sent it.
        """
        await self.sends(FormAnswer(self._heard.newest(form).id, values))
        return await self.hears()

    async def reacts(self, to: Said, emoji: str) -> list[Said]:
        """Put an emoji to the newest message of the bot that says ``to``; "" takes it back.

        Return the bot's answers. Raises `AssertionError` if the bot has not said that.
        """
        await self.sends(Reaction(self._heard.newest(to).id, emoji))
        return await self.hears()

    async def edits(self, said: Said, text: str) -> list[Said]:
        """Say ``text`` instead in the newest message that said ``said``; return the answers.

        Raises `AssertionError` if this person has not said that.
        """
        await self.sends(Edit(self._told.newest(said).id, text))
        return await self.hears()

    async def opens(self, said: Said) -> bytes:
        """Return what is in a file that the bot has sent, as `hears` has returned it."""
        return await self._world.network.open(await self._join(), self._heard.newest(said).id)

    async def repeats(self) -> list[Said]:
        """Let the bot receive the last message again, as after a lost acknowledgement."""
        assert self._last is not None, f"{self.name} has said nothing yet"
        await self._world.network.say(await self._join(), *self._last)
        return await self.hears()

    async def hears(self) -> list[Said]:
        """Return what the bot has said since the last time, once it has nothing more to do.

        What it has edited or deleted since is as it is then; what it says about messages that
        were heard before is an `Edit`, `Delete` or `Reaction`.
        """
        chat = await self._join()
        await self._world.settle(chat)
        for heard in await self._world.network.hear(chat):
            if isinstance(heard.message, BotCommands):
                told = {each.name: each.help for each in heard.message.commands}
                self._commands = MappingProxyType(told)
            else:
                self._heard.add(heard)
        return [read(heard.message) for heard in self._heard.fresh()]

    def commands(self) -> Mapping[str, str]:
        """Return what the bot has announced last that it understands: names, and help.

        As of the last time that this person has heard the bot; `hears` does not return it.
        """
        return self._commands

    async def _join(self) -> str:
        if self._chat is None:
            self._chat = await self._world.network.join(self.name, is_bot=self._is_bot)
        return self._chat


async def _parcel(said: Said | Path) -> Parcel:
    match said:
        case str():
            return Text(said)
        case Path():
            return await asyncio.to_thread(attachment, said, "", "")
        case _:
            return said

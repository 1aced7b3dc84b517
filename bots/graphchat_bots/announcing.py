"""Tells contacts what a bot understands, so that their programs can offer it.

A contact is told with the first event of its chat, and with the next one after the list has
changed: in the transaction of that event, so it is said once whatever happens.
"""

from hashlib import sha256
from typing import Final

from graphchat.content import BotCommand, BotCommands, encode
from graphchat.content.control import MAX_COMMANDS, MAX_HELP
from graphchat_bots.plan import Command, Plan
from graphchat_bots.roles import Role
from graphchat_bots.store import ANNOUNCED, Announced, StateRow
from graphchat_bots.turn import MAX_MESSAGES, Turn

HELP: Final = BotCommand("help", "Say what there is.")
# Bytes of a hash: it only tells one list of a bot from another.
HASH: Final = 8


def commands_of(plan: Plan) -> tuple[BotCommand, ...]:
    """Return what everybody may call in a chat of two: without roles and conditions."""
    told = [_told(each) for each in plan.commands if _is_for_everybody(each)]
    if told and "help" not in plan.by_name:
        told.append(HELP)
    return tuple(told[:MAX_COMMANDS])


class Announcer:
    """Adds the list of commands to what leaves."""

    def __init__(self, plan: Plan, announced: Announced) -> None:
        commands = commands_of(plan)
        self._message = BotCommands(commands)
        # Who was told nothing need not be told that there is nothing.
        self._hash = sha256(encode(self._message)).digest()[:HASH] if commands else b""
        self._announced = announced

    def add(self, turn: Turn) -> tuple[StateRow, ...]:
        """Say the commands if the contact does not know them; return what notes that."""
        event = turn.event
        if event.kind not in {"message", "contact"} or event.group is not None:
            return ()
        if event.sender.is_bot or self._announced.to(event.chat) == self._hash:
            return ()
        if len(turn.messages) >= MAX_MESSAGES:
            return ()  # with the next event
        turn.say(self._message, bulk=True)
        return (StateRow(event.chat, "", ANNOUNCED, self._hash),)


def _is_for_everybody(command: Command) -> bool:
    return command.rule.role <= Role.MEMBER and not command.rule.filters


def _told(command: Command) -> BotCommand:
    arguments = command.usage().removeprefix(f"/{command.name}").strip()
    summary = command.rule.handler.help.partition("\n")[0].strip()
    words = ": ".join(filter(None, (arguments, summary)))
    return BotCommand(command.name, "".join(filter(str.isprintable, words))[:MAX_HELP])

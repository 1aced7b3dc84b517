"""Handlers by names that can be stored, so that a conversation finds its own again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphchat_bots.addressing import called
from graphchat_bots.arguments import parse
from graphchat_bots.errors import ArgumentError
from graphchat_bots.handler import Handler
from graphchat_bots.message import Event
from graphchat_bots.plan import Command, Plan, unpack
from graphchat_bots.speech import gettext


@dataclass(frozen=True, slots=True)
class Call:
    """A handler, and the values of its arguments."""

    key: str
    """What stands in the store for the handler."""
    handler: Handler
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    body: bytes = b""
    """The arguments of a job."""


def is_command(event: Event) -> bool:
    """Say whether the message of ``event`` calls a command."""
    return event.message is not None and called(event.message.text) is not None


class Calls:
    """All handlers of a bot by their keys."""

    def __init__(self, plan: Plan) -> None:
        self.scopes: Final = plan.scopes
        self._commands = {f"command:{each.name}": each for each in plan.commands}
        self._handlers: dict[str, Handler] = {}
        self._keys: dict[int, str] = {}
        counts = Counter[str]()
        rules = (
            *plan.messages,
            *plan.contacts,
            *plan.reactions,
            *plan.edits,
            *plan.members,
            *plan.requests,
        )
        others = [rule.handler for rule in rules]
        crons = [cron.handler for cron in plan.crons.values()]
        for handler in (*others, *crons, *plan.jobs.values()):
            name = f"{handler.kind}:{handler.name}"
            counts[name] += 1
            key = name if counts[name] == 1 else f"{name}#{counts[name]}"
            self._handlers[key] = handler
            self._keys[id(handler)] = key

    def command(self, command: Command, text: str) -> Call:
        """Return the call of a command with the words after it.

        Raises `ArgumentError` if they do not fit.
        """
        values = _arguments(command, text)
        return Call(f"command:{command.name}", command.rule.handler, values)

    def plain(self, handler: Handler) -> Call:
        """Return the call of a handler without arguments."""
        return Call(self._keys[id(handler)], handler)

    def job(self, handler: Handler, body: bytes) -> Call:
        """Return the call of a job. Raises `TypeError` if its arguments do not fit."""
        return Call(self._keys[id(handler)], handler, unpack(handler, body), body)

    def again(self, key: str, event: Event, body: bytes) -> Call | None:
        """Return the call that began with ``event``; nothing if the bot has changed too much."""
        if (command := self._commands.get(key)) is not None:
            text = event.message.text if event.message else ""
            found = called(text)
            try:
                return self.command(command, found.text if found else "")
            except ArgumentError:
                return None
        handler = self._handlers.get(key)
        if handler is None:
            return None
        try:
            return self.job(handler, body) if handler.kind == "job" else self.plain(handler)
        except TypeError:
            return None


def _arguments(command: Command, text: str) -> dict[str, object]:
    try:
        return parse(command.rule.handler.arguments, text)
    except ArgumentError as error:
        usage = gettext("Usage: {usage}").format(usage=command.usage())
        raise ArgumentError(f"{error}\n\n{usage}") from None

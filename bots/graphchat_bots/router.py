"""Handlers and the conditions under which they answer."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from graphchat_bots.handler import Function, Kind
from graphchat_bots.message import Message
from graphchat_bots.roles import Role

Filter = Callable[[Message], bool]
F = TypeVar("F", bound=Function)

COMMAND_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One decorated function."""

    kind: Kind
    function: Function
    name: str = ""
    aliases: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    """All of them must say yes."""
    role: Role = Role.MEMBER
    """At least this one."""
    limit: str | None = None
    """For each sender, as `Rate.parse` reads it."""


class Router:
    """A part of a bot: handlers that share a condition.

    Commands are found by their names. Of the message handlers the first that has a
    condition and fits answers; one without a condition answers what is left.
    """

    def __init__(self, condition: Filter | None = None) -> None:
        self._filters = _filters(condition)
        self._parts: list[Entry | Router] = []

    def message(
        self, condition: Filter | None = None, *, limit: str | None = None
    ) -> Callable[[F], F]:
        """Answer messages that are no commands, if ``condition`` says yes to them.

        ``limit`` is as for commands.
        """
        filters = _filters(condition)
        return self._adder(
            lambda function: Entry("message", function, filters=filters, limit=limit)
        )

    def command(
        self,
        *without_brackets: object,
        name: str | None = None,
        aliases: Sequence[str] = (),
        role: Role = Role.MEMBER,
        limit: str | None = None,
    ) -> Callable[[F], F]:
        """Answer ``/name``; by default the name is that of the function.

        The parameters are the arguments, the docstring is the help. For who has a lower
        ``role`` there is no such command. ``limit`` is how often each sender may use it, such
        as "5/min" or "1/10s": who asks more is told once when to try again, then nothing.
        """
        if without_brackets:
            raise TypeError("write @bot.command() with brackets")

        def entry(function: F) -> Entry:
            own = name or getattr(function, "__name__", "").strip("_").replace("_", "-")
            return Entry("command", function, own, tuple(aliases), (), role, limit)

        return self._adder(entry)

    def contact(self) -> Callable[[F], F]:
        """Answer when somebody has connected, before they say anything."""
        return self._adder(lambda function: Entry("contact", function))

    def reaction(self) -> Callable[[F], F]:
        """Answer when somebody reacts to a message by an emoji, or takes that back."""
        return self._adder(lambda function: Entry("reaction", function))

    def edited(self, condition: Filter | None = None) -> Callable[[F], F]:
        """Answer when somebody has edited a message, if ``condition`` says yes to it now."""
        filters = _filters(condition)
        return self._adder(lambda function: Entry("edited", function, filters=filters))

    def member(self) -> Callable[[F], F]:
        """Answer when somebody has come into a group of the bot's, or is in it no more.

        The kind of the `Event` is ``joined`` or ``left``, its sender is whom it is about.
        """
        return self._adder(lambda function: Entry("member", function))

    def join_request(self) -> Callable[[F], F]:
        """Answer when somebody asks to be let into a group in which the bot may do so.

        `Sender.accept` lets them in, `Sender.reject` does not; until then they wait.
        """
        return self._adder(lambda function: Entry("request", function))

    def include(self, router: "Router") -> None:
        """Take the handlers of ``router`` in, at this place."""
        if self in router.routers():
            raise ValueError("a router cannot include itself")
        self._parts.append(router)

    def entries(self) -> list[Entry]:
        """Return all handlers, with the conditions of the routers round them."""
        found: list[Entry] = []
        for part in self._parts:
            found += part.entries() if isinstance(part, Router) else [part]
        return [_within(self._filters, entry) for entry in found]

    def routers(self) -> "list[Router]":
        """Return this router and all that it includes."""
        inner = (part for part in self._parts if isinstance(part, Router))
        return [self, *(router for part in inner for router in part.routers())]

    def _adder(self, entry: Callable[[F], Entry]) -> Callable[[F], F]:
        def add(function: F) -> F:
            self._parts.append(entry(function))
            return function

        return add


def _filters(condition: Filter | None) -> tuple[Filter, ...]:
    if inspect.iscoroutinefunction(condition) or inspect.isasyncgenfunction(condition):
        raise TypeError("write @bot.message() with brackets; a condition is no async function")
    return () if condition is None else (condition,)


def _within(filters: tuple[Filter, ...], entry: Entry) -> Entry:
    if not filters:
        return entry
    return replace(entry, filters=(*filters, *entry.filters))

"""A bot as it will run: its handlers read, its faults found, all at once and before it starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args

import msgspec

from graphchat_bots.cron import Cron, CronEntry
from graphchat_bots.faults import Fault
from graphchat_bots.handler import (
    GIVEN_TYPES,
    Function,
    Handler,
    Known,
    Next,
    Scope,
    State,
    inspect_handler,
)
from graphchat_bots.languages import ChosenLanguage, Languages
from graphchat_bots.message import Message
from graphchat_bots.providers import Factory, Provider, read_providers
from graphchat_bots.rates import Rate
from graphchat_bots.roles import RESERVED, Role
from graphchat_bots.router import COMMAND_NAME, Entry, Filter
from graphchat_bots.storable import is_storable

Join = Literal["nobody", "admins", "everybody"]
"""By whose invitation a bot goes into a group: admins are its own, by `Role`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A handler and its conditions."""

    handler: Handler
    filters: tuple[Filter, ...]
    role: Role = Role.MEMBER
    """At least this one."""
    limit: Rate | None = None
    """For each sender."""

    def fits(self, message: Message) -> bool:
        if message.sender.role < self.role:
            return False
        return all(condition(message) for condition in self.filters)


@dataclass(frozen=True, slots=True)
class Command:
    """A handler that people call by its name."""

    name: str
    aliases: tuple[str, ...]
    rule: Rule

    def usage(self) -> str:
        words = (argument.usage() for argument in self.rule.handler.arguments)
        return " ".join((f"/{self.name}", *words))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bot does for each event."""

    name: str
    about: str
    commands: tuple[Command, ...]
    by_name: Mapping[str, Command]
    """Of all commands, by name and alias, in lower case."""
    messages: tuple[Rule, ...]
    """In the order in which they are asked."""
    contacts: tuple[Rule, ...]
    jobs: Mapping[str, Handler]
    reactions: tuple[Rule, ...] = ()
    edits: tuple[Rule, ...] = ()
    """In the order in which they are asked."""
    middleware: tuple[Handler, ...] = ()
    """The first is the outermost."""
    providers: tuple[Provider, ...] = ()
    """Each behind those that it needs."""
    scopes: Mapping[State, Scope] = field(default_factory=dict)
    crons: Mapping[str, Cron] = field(default_factory=dict)
    members: tuple[Rule, ...] = ()
    """Of who joins or leaves a group."""
    requests: tuple[Rule, ...] = ()
    """Of who asks to be let into a group."""
    join: Join = "admins"
    languages: Languages | None = None
    """Nothing: it speaks plain English."""

    def seen_by(self, message: Message) -> "Plan":
        """Return the plan with those commands alone that the sender of ``message`` may use."""
        commands = tuple(each for each in self.commands if each.rule.fits(message))
        by_name = {name: each for name, each in self.by_name.items() if each in commands}
        return replace(self, commands=commands, by_name=by_name)

    def pack(
        self,
        job: Callable[..., object],
        args: Sequence[object],
        named: Mapping[str, object] = MappingProxyType({}),
    ) -> tuple[str, bytes]:
        """Return the name of a job and its arguments as MessagePack.

        Raises `TypeError` if ``job`` is none of this bot, or ``args`` do not fit it.
        """
        handler = self.jobs.get(getattr(job, "__name__", ""))
        if handler is None or handler.function is not job:
            raise TypeError(f"{job!r} is no job of this bot: decorate it with @bot.job")
        body = msgspec.msgpack.encode(_in_line(handler, args, named))
        unpack(handler, body)
        return handler.name, body


def _in_line(
    job: Handler, args: Sequence[object], named: Mapping[str, object]
) -> Sequence[object]:
    """Return all arguments by their places, up to the last that is not its default."""
    if not named:
        return args
    left, line = dict(named), list(args)
    for stored in job.stored[len(args) :]:
        if not left:
            break
        if stored.required and stored.name not in left:
            raise TypeError(f"job {job.name}: {stored.name!r} is missing")
        line.append(left.pop(stored.name, stored.default))
    if left:
        raise TypeError(f"job {job.name} takes no {', '.join(left)}, or has it already")
    return line


def unpack(job: Handler, body: bytes) -> dict[str, object]:
    """Return the arguments of a stored job.

    Raises `TypeError` if they do not fit: the job was changed since they were stored.
    """
    given: list[object] = msgspec.msgpack.decode(body)
    missing = [stored.name for stored in job.stored[len(given) :] if stored.required]
    if len(given) > len(job.stored) or missing:
        raise TypeError(f"job {job.name} takes {len(job.stored)} arguments, not {len(given)}")
    values = {stored.name: stored.default for stored in job.stored}
    for stored, value in zip(job.stored, given, strict=False):
        try:
            values[stored.name] = msgspec.convert(value, stored.annotation)
        except msgspec.ValidationError:
            # Its text may quote the value.
            raise TypeError(f"job {job.name}: {stored.name!r} has another type") from None
    return values


@dataclass(slots=True)
class Draft:
    """Everything that was decorated, before anybody has looked at it."""

    name: str
    about: str
    entries: Sequence[Entry]
    jobs: Sequence[Function]
    states: Sequence[State]
    middleware: Sequence[Function] = ()
    factories: Sequence[Factory] = ()
    scopes: Mapping[State, Scope] = field(default_factory=dict)
    crons: Sequence[CronEntry] = ()
    join: Join = "admins"
    languages: Languages | None = None
    faults: list[Fault] = field(default_factory=list[Fault])
    _known: Known = field(default_factory=Known)

    def plan(self) -> Plan:
        """Read everything; what is wrong is in ``faults`` afterwards."""
        self._check_states()
        providers = read_providers(self.factories, [*GIVEN_TYPES, *self.states], self.faults)
        self._known = Known(self.states, {each.provides for each in providers})
        kinds = ("message", "contact", "reaction", "edited", "member", "request")
        rules = {kind: self._rules(kind) for kind in kinds}
        commands = tuple(self._commands())
        return Plan(
            self.name,
            self.about,
            commands,
            self._by_name(commands),
            self._in_order(rules["message"]),
            tuple(rules["contact"]),
            self._jobs(),
            tuple(rules["reaction"]),
            self._in_order(rules["edited"]),
            tuple(self._middleware()),
            providers,
            {**self.scopes, ChosenLanguage: "sender"},
            self._crons(),
            tuple(rules["member"]),
            tuple(rules["request"]),
            self.join,
            self.languages,
        )

    def _check_states(self) -> None:
        names = {ChosenLanguage.__name__}
        for state in self.states:
            if state.__name__ in names:
                self._fault(state, f"state {state.__name__}: there are two with this name")
            names.add(state.__name__)
            if not is_storable(state):
                self._fault(state, f"state {state.__name__}: it cannot be stored")
            if self.scopes[state] not in get_args(Scope):
                self._fault(state, f"state {state.__name__}: scope is sender, chat or bot")
            if not _has_defaults(state):
                self._fault(state, f"state {state.__name__}: every field needs a default")

    def _rules(self, kind: str) -> list[Rule]:
        found = ((entry, self._read(entry)) for entry in self.entries if entry.kind == kind)
        return [self._rule(entry, handler) for entry, handler in found if handler]

    def _commands(self) -> list[Command]:
        return [
            Command(entry.name, entry.aliases, self._rule(entry, handler))
            for entry in self.entries
            if entry.kind == "command" and (handler := self._read(entry)) is not None
        ]

    def _rule(self, entry: Entry, handler: Handler) -> Rule:
        limit = None
        if entry.limit is not None:
            try:
                limit = Rate.parse(entry.limit)
            except ValueError:
                text = f"the limit {entry.limit!r} is not like 5/min, 10/h or 1/10s"
                self._fault(entry.function, f"{entry.kind} {handler.name}: {text}")
        return Rule(handler, entry.filters, entry.role, limit)

    def _read(self, entry: Entry) -> Handler | None:
        return inspect_handler(entry.function, entry.kind, self._known, self.faults)

    def _by_name(self, commands: Sequence[Command]) -> Mapping[str, Command]:
        by_name: dict[str, Command] = {}
        for command in commands:
            for name in (command.name, *command.aliases):
                if not COMMAND_NAME.fullmatch(name):
                    self._fault(
                        command.rule.handler.function,
                        f"command {name!r}: a name is a letter and up to 31 of a-z, 0-9, - and _",
                    )
                if name in RESERVED:
                    self._fault(
                        command.rule.handler.function,
                        f"command /{name}: the bot itself answers it, about roles",
                    )
                if name in by_name:
                    self._fault(
                        command.rule.handler.function,
                        f"command /{name}: there are two with this name",
                    )
                by_name[name] = command
        return by_name

    def _in_order(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        picky = [rule for rule in rules if rule.filters]
        greedy = [rule for rule in rules if not rule.filters]
        for index, rule in enumerate(picky):
            for before in picky[:index]:
                if set(before.filters) <= set(rule.filters):
                    self._fault(
                        rule.handler.function,
                        f"{rule.handler.kind} {rule.handler.name}: it is never reached, for "
                        f"{before.handler.name} takes every message that it would",
                    )
                    break
        for rule in greedy[1:]:
            self._fault(
                rule.handler.function,
                f"{rule.handler.kind} {rule.handler.name}: it is never reached, for "
                f"{greedy[0].handler.name} takes every message; give one of them a condition",
            )
        return (*picky, *greedy)

    def _jobs(self) -> Mapping[str, Handler]:
        found: dict[str, Handler] = {}
        for function in self.jobs:
            handler = inspect_handler(function, "job", self._known, self.faults)
            if handler is None:
                continue
            if handler.name in found:
                self._fault(function, f"job {handler.name}: there are two with this name")
            found[handler.name] = handler
        return found

    def _middleware(self) -> list[Handler]:
        found = (
            inspect_handler(function, "middleware", self._known, self.faults)
            for function in self.middleware
        )
        layers = [handler for handler in found if handler is not None]
        for layer in layers:
            if Next not in layer.given.values():
                text = "no event would get through: give it a parameter of the type Next"
                self._fault(layer.function, f"middleware {layer.name}: {text}")
        return layers

    def _crons(self) -> Mapping[str, Cron]:
        # A cron has no chat, so it has no state of one.
        states = [state for state in self.states if self.scopes[state] == "bot"]
        known = Known(states, self._known.provided)
        found: dict[str, Cron] = {}
        for entry in self.crons:
            faults = entry.faults()
            self.faults += faults
            handler = inspect_handler(entry.function, "cron", known, self.faults)
            if handler is None or faults:
                continue
            if handler.name in found:
                self._fault(entry.function, f"cron {handler.name}: there are two with this name")
            if any(handler.name == getattr(job, "__name__", "") for job in self.jobs):
                self._fault(entry.function, f"cron {handler.name}: a job has this name, too")
            found[handler.name] = Cron(handler, entry.expression, entry.zone, entry.missed)
        return found

    def _fault(self, about: object, text: str) -> None:
        self.faults.append(Fault(text, about))


def _has_defaults(state: State) -> bool:
    return not any(spec.required for spec in msgspec.structs.fields(state))

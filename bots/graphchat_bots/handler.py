"""What a decorated function says about itself: the signature is the schema."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_type_hints

import msgspec

from graphchat_bots.arguments import Argument
from graphchat_bots.context import Ctx
from graphchat_bots.convert import converter
from graphchat_bots.faults import Fault
from graphchat_bots.message import Event, Message, Reaction, Sender
from graphchat_bots.providers import GIVEN, show
from graphchat_bots.reply import Answer
from graphchat_bots.storable import is_storable

Function = Callable[..., Awaitable[Answer] | AsyncIterator[Answer]]
"""What can be decorated: ``async def`` that returns or yields answers."""

Next = Callable[[Event], Awaitable[None]]
"""Lets an event through to the next layer of middleware, and last to its handler."""

Kind = Literal[
    "command",
    "message",
    "contact",
    "job",
    "reaction",
    "edited",
    "member",
    "request",
    "cron",
    "middleware",
]
State = type[msgspec.Struct]
Scope = Literal["sender", "chat", "bot"]
"""Whose a state is: one for each sender in a chat, one for each chat, or one for the bot."""

_GIVEN: Final[Mapping[Kind, Collection[object]]] = {
    "command": {Ctx, Event, Sender, Message},
    "message": {Ctx, Event, Sender, Message},
    "contact": {Ctx, Event, Sender},
    "member": {Ctx, Event, Sender},
    "request": {Ctx, Event, Sender},
    "job": {Ctx, Event, Sender},
    "reaction": {Ctx, Event, Sender, Reaction},
    "edited": {Ctx, Event, Sender, Message},
    "middleware": {Ctx, Event, Sender, Next},
    "cron": {Ctx, Event},
}
GIVEN_TYPES: Final = frozenset(type_ for types in _GIVEN.values() for type_ in types)
_NAMED: Final = inspect.Parameter.KEYWORD_ONLY
_BUNDLES: Final = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


@dataclass(frozen=True, slots=True)
class Stored:
    """A parameter of a job: it is kept in the store until the job runs."""

    name: str
    annotation: object
    required: bool
    default: object = None


@dataclass(frozen=True, slots=True)
class Handler:
    """A function, and where the value of each of its parameters comes from."""

    function: Function
    kind: Kind
    streams: bool
    """Whether it is an async generator: it may answer several times."""
    given: Mapping[str, object]
    """Parameters that the runtime fills by their type."""
    provided: Mapping[str, object]
    """Parameters that it fills with what the bot's providers have made."""
    arguments: tuple[Argument, ...]
    stored: tuple[Stored, ...]
    positional: tuple[str, ...]
    """Names that must be passed in order; all others go by name."""

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)

    @property
    def help(self) -> str:
        return inspect.getdoc(self.function) or ""

    def call(self, values: Mapping[str, object]) -> Awaitable[Answer] | AsyncIterator[Answer]:
        """Call the function with a value for each of its parameters."""
        named = {name: value for name, value in values.items() if name not in self.positional}
        return self.function(*(values[name] for name in self.positional), **named)


@dataclass(frozen=True, slots=True)
class Known:
    """The types, beside those of the framework, that handlers of a bot can ask for."""

    states: Collection[State] = ()
    provided: Collection[object] = ()


def inspect_handler(
    function: Function, kind: Kind, known: Known, faults: list[Fault]
) -> Handler | None:
    """Read the signature of ``function``; append to ``faults`` what is wrong with it."""
    where = f"{kind} {getattr(function, '__name__', repr(function))}"
    streams = inspect.isasyncgenfunction(function)
    if not streams and not inspect.iscoroutinefunction(function):
        faults.append(Fault(f"{where}: write it with `async def`", function))
        return None
    try:
        parameters = inspect.signature(function).parameters
        hints = get_type_hints(function)
    except (NameError, TypeError, ValueError) as error:
        faults.append(Fault(f"{where}: its annotations cannot be read ({error})", function))
        return None
    found: list[str] = []
    reader = _Reader(where, kind, known, found)
    for parameter in parameters.values():
        reader.read(parameter, hints.get(parameter.name, inspect.Parameter.empty))
    faults += [Fault(text, function) for text in found]
    positional = (p.name for p in parameters.values() if p.kind is p.POSITIONAL_ONLY)
    return Handler(
        function,
        kind,
        streams,
        reader.given,
        reader.provided,
        tuple(reader.arguments),
        tuple(reader.stored),
        tuple(positional),
    )


class _Reader:
    """Sorts the parameters of one function."""

    def __init__(self, where: str, kind: Kind, known: Known, faults: list[str]) -> None:
        self._where = where
        self._kind = kind
        self._known = known
        self._faults = faults
        self.given: dict[str, object] = {}
        self.provided: dict[str, object] = {}
        self.arguments: list[Argument] = []
        self.stored: list[Stored] = []

    def read(self, parameter: inspect.Parameter, annotation: object) -> None:
        required = parameter.default is inspect.Parameter.empty
        if parameter.kind in _BUNDLES:
            self._fault(parameter, "takes any number of values; name them one by one")
        elif annotation is inspect.Parameter.empty:
            self._fault(parameter, "has no type")
        elif annotation in _GIVEN[self._kind] or annotation in self._known.states:
            self.given[parameter.name] = annotation
        elif annotation in self._known.provided:
            self.provided[parameter.name] = annotation
        elif parameter.default is GIVEN:
            self._fault(parameter, f"nothing provides {show(annotation)}")
        elif self._kind == "command":
            self._read_argument(parameter, annotation, required=required)
        elif self._kind == "job":
            self._read_stored(parameter, annotation, required=required)
        else:
            self._fault(parameter, f"nothing provides {show(annotation)}")

    def _read_argument(
        self, parameter: inspect.Parameter, annotation: object, *, required: bool
    ) -> None:
        found = converter(annotation)
        if found is None:
            self._fault(
                parameter, f"words cannot become {show(annotation)}, and nothing provides it"
            )
        elif self.arguments and self.arguments[-1].converter.rest:
            self._fault(parameter, "stands after one that takes the rest of the text")
        else:
            needed = required and not found.optional
            default = None if required else parameter.default
            self.arguments.append(Argument(parameter.name, found, needed, default))

    def _read_stored(
        self, parameter: inspect.Parameter, annotation: object, *, required: bool
    ) -> None:
        if is_storable(annotation):
            default = None if required else parameter.default
            self.stored.append(Stored(parameter.name, annotation, required, default))
        else:
            self._fault(
                parameter,
                f"{show(annotation)} cannot be stored until the job runs, and nothing provides it",
            )

    def _fault(self, parameter: inspect.Parameter, what: str) -> None:
        self._faults.append(f"{self._where}: parameter {parameter.name!r}: {what}")

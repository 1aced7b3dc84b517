"""What ``@bot.provide`` says of itself: the type that it makes, and the types that it needs."""

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final, final, get_args, get_origin, get_type_hints

from graphchat_bots.convert import converter
from graphchat_bots.faults import Fault
from graphchat_bots.inlet import Inlet

Factory = Callable[..., object]

_YIELDS: Final = (AsyncIterator, AsyncGenerator, AsyncIterable)
_BUNDLES: Final = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


@final
class _Given:
    def __repr__(self) -> str:
        return "given()"


GIVEN: Final = _Given()


def given() -> Any:
    """Mark a parameter as one that the bot fills by its type, so that callers need not.

    The arguments of `Ctx.later` are checked against the job; what is not stored but provided
    stands behind a ``*``::

        @bot.job
        async def ring(ctx: Ctx, text: str, *, shop: Orders = given()) -> str: ...
    """
    return GIVEN


@dataclass(frozen=True, slots=True)
class Provider:
    """A function that makes the one value of a type."""

    factory: Factory
    provides: object
    needs: tuple[tuple[str, object], ...]
    """Its parameters, by name, and their types."""

    @property
    def name(self) -> str:
        return getattr(self.factory, "__name__", repr(self.factory))


def read_providers(
    factories: Sequence[Factory], taken: Iterable[object], faults: list[Fault]
) -> tuple[Provider, ...]:
    """Return the providers, each behind those that it needs.

    ``taken`` are the types that handlers get in other ways. Appends to ``faults`` whatever is
    wrong.
    """
    taken = list(taken)
    by_type: dict[object, Provider] = {}
    for factory in factories:
        found = _read(factory, faults)
        if found is None:
            continue
        if (why := _refuse(found, by_type, taken)) is not None:
            faults.append(Fault(f"provider {found.name}: {why}", factory))
        by_type.setdefault(found.provides, found)
    _check_needs(by_type, faults)
    return _in_order(by_type, faults)


def show(annotation: object) -> str:
    """Return how a type is written."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _read(factory: Factory, faults: list[Fault]) -> Provider | None:
    name = getattr(factory, "__name__", repr(factory))
    try:
        hints = get_type_hints(factory)
        parameters = inspect.signature(factory).parameters.values()
        hash(tuple(hints.values()))
    except (NameError, TypeError, ValueError) as error:
        text = f"provider {name}: its annotations cannot be read ({error})"
        faults.append(Fault(text, factory))
        return None
    provides = _made(factory, hints.get("return", NoneType))
    bad = [p.name for p in parameters if p.kind in _BUNDLES or p.name not in hints]
    faults += [
        Fault(f"provider {name}: parameter {each!r}: give it a type that is provided", factory)
        for each in bad
    ]
    if provides is None:
        text = f"provider {name}: say what it provides, for example -> {_example(factory)}"
        faults.append(Fault(text, factory))
        return None
    needs = tuple((p.name, hints[p.name]) for p in parameters if p.name not in bad)
    return Provider(factory, provides, needs)


def _made(factory: Factory, annotation: object) -> object | None:
    if inspect.isasyncgenfunction(factory):
        origin, args = get_origin(annotation), get_args(annotation)
        return args[0] if origin in _YIELDS and args else None
    if inspect.isgeneratorfunction(factory) or annotation in {NoneType, Any, object}:
        return None
    return annotation


def _example(factory: Factory) -> str:
    generator = inspect.isasyncgenfunction(factory) or inspect.isgeneratorfunction(factory)
    return "AsyncIterator[Orders] with `async def` and `yield`" if generator else "Orders"


def _refuse(
    found: Provider, by_type: Mapping[object, Provider], taken: Sequence[object]
) -> str | None:
    type_ = found.provides
    if type_ in by_type:
        return f"{show(type_)} is provided by {by_type[type_].name} already"
    if type_ is Inlet:
        return "providers get Inlet from the bot itself"
    if type_ in taken:
        return f"handlers get {show(type_)} from the bot itself"
    if converter(type_) is not None:
        return f"{show(type_)} is what words become; provide a type of your own"
    return None


def _check_needs(by_type: Mapping[object, Provider], faults: list[Fault]) -> None:
    for provider in by_type.values():
        for name, type_ in provider.needs:
            if type_ not in by_type and type_ is not Inlet:
                text = f"provider {provider.name}: parameter {name!r}: nothing provides"
                faults.append(Fault(f"{text} {show(type_)}", provider.factory))


def _in_order(by_type: Mapping[object, Provider], faults: list[Fault]) -> tuple[Provider, ...]:
    done: dict[object, Provider] = {}
    path: list[Provider] = []

    def visit(provider: Provider) -> None:
        if provider.provides in done:
            return
        if provider in path:
            circle = [each.name for each in path[path.index(provider) :]]
            text = f"provider {circle[0]}: it needs itself: {' -> '.join([*circle, circle[0]])}"
            faults.append(Fault(text, provider.factory))
            return
        path.append(provider)
        for _, type_ in provider.needs:
            if type_ in by_type:
                visit(by_type[type_])
        path.pop()
        done[provider.provides] = provider

    for each in by_type.values():
        visit(each)
    return tuple(done.values())

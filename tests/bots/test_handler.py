from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec

from graphchat_bots import Ctx, Event, Message, Rest
from graphchat_bots.faults import Fault
from graphchat_bots.handler import Function, Handler, Kind, Known, inspect_handler
from graphchat_bots.message import Sender


class Count(msgspec.Struct):
    n: int = 0


def read(function: Function, kind: Kind = "command") -> Handler:
    faults: list[Fault] = []
    handler = inspect_handler(function, kind, Known([Count]), faults)
    assert handler is not None
    assert faults == []
    return handler


def faults_of(function: object, kind: Kind = "command") -> list[str]:
    faults: list[Fault] = []
    inspect_handler(function, kind, Known([Count]), faults)  # type: ignore[arg-type]  # that is the point
    return [fault.text for fault in faults]


def test_parameters_are_given_by_type_or_filled_by_words() -> None:
    async def order(ctx: Ctx, n: int, count: Count, note: Rest | None = None) -> str:
        return ""

    handler = read(order)
    assert handler.given == {"ctx": Ctx, "count": Count}
    assert [argument.usage() for argument in handler.arguments] == ["N", "[NOTE]"]


async def test_a_handler_is_called_with_a_value_for_each_parameter() -> None:
    async def order(n: int, /, ctx: Ctx, *, sure: bool = False) -> str:
        return f"{n} {ctx} {sure}"

    answer = read(order).call({"ctx": "ctx", "n": 3, "sure": True})
    assert not isinstance(answer, AsyncIterator)
    assert await answer == "3 ctx True"


def test_an_async_generator_streams() -> None:
    async def many(event: Event) -> AsyncIterator[str]:
        yield "one"

    assert read(many).streams


def test_the_docstring_is_the_help() -> None:
    async def order() -> str:
        """Order something.

        Anything at all.
        """
        return ""

    assert read(order).help == "Order something.\n\nAnything at all."
    assert read(order).name == "order"


def test_a_plain_function_is_a_fault() -> None:
    def order() -> str:
        return ""

    assert faults_of(order) == ["command order: write it with `async def`"]


def test_every_bad_parameter_is_a_fault_of_its_own() -> None:
    async def order(untyped, data: bytes, rest: Rest, late: int, *many: int) -> str:  # type: ignore[no-untyped-def]  # that is the point
        return ""

    assert faults_of(order) == [
        "command order: parameter 'untyped': has no type",
        "command order: parameter 'data': words cannot become bytes, and nothing provides it",
        "command order: parameter 'late': stands after one that takes the rest of the text",
        "command order: parameter 'many': takes any number of values; name them one by one",
    ]


def test_a_message_handler_cannot_ask_for_words() -> None:
    async def echo(msg: Message, n: int) -> str:
        return ""

    assert faults_of(echo, "message") == [
        "message echo: parameter 'n': nothing provides int",
    ]


def test_a_job_has_no_message() -> None:
    async def ring(sender: Sender, when: timedelta, msg: Message) -> str:
        return ""

    (fault,) = faults_of(ring, "job")
    assert fault.startswith("job ring: parameter 'msg': Message cannot be stored")
    assert fault.endswith("until the job runs, and nothing provides it")


def test_an_annotation_that_does_not_exist_is_a_fault() -> None:
    async def order(n: "Nothing") -> str:  # type: ignore[name-defined]  # noqa: F821 - that is the point
        return ""

    (fault,) = faults_of(order)
    assert fault.startswith("command order: its annotations cannot be read")

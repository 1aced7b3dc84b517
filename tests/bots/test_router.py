import pytest

from graphchat_bots import Message, Router
from graphchat_bots.router import Entry


async def hello(msg: Message) -> str:
    return "hello"


async def good_bye(msg: Message) -> str:
    return "bye"


def yes(msg: Message) -> bool:
    return True


def no(msg: Message) -> bool:
    return False


def test_decorated_functions_stay_what_they_are() -> None:
    router = Router()
    assert router.message()(hello) is hello
    assert router.command()(hello) is hello
    assert router.contact()(hello) is hello


def test_a_command_is_named_after_its_function() -> None:
    router = Router()
    router.command(aliases=["b"])(good_bye)
    router.command(name="hi")(hello)
    assert router.entries() == [
        Entry("command", good_bye, "good-bye", ("b",)),
        Entry("command", hello, "hi"),
    ]


def test_the_conditions_of_a_router_hold_for_all_within() -> None:
    outer, inner = Router(yes), Router(no)
    inner.message(yes)(hello)
    outer.message()(good_bye)
    outer.include(inner)
    assert outer.entries() == [
        Entry("message", good_bye, filters=(yes,)),
        Entry("message", hello, filters=(yes, no, yes)),
    ]


def test_handlers_may_be_added_after_the_router_was_included() -> None:
    outer, inner = Router(), Router()
    outer.include(inner)
    inner.message()(hello)
    assert outer.entries() == [Entry("message", hello)]


def test_a_router_cannot_include_itself() -> None:
    outer, inner = Router(), Router()
    outer.include(inner)
    with pytest.raises(ValueError, match="cannot include itself"):
        inner.include(outer)


def test_a_decorator_without_brackets_is_told_so() -> None:
    with pytest.raises(TypeError, match="with brackets"):
        Router().message(hello)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match="with brackets"):
        Router().command(hello)


def test_a_condition_that_is_an_async_function_is_refused() -> None:
    async def never(msg: Message) -> bool:
        return False

    with pytest.raises(TypeError, match="no async function"):
        Router(never)  # type: ignore[arg-type]  # that is the point

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from tests.bots.examples.standin import DONE, Answer, event, says, stand_in

from graphchat_bots.examples.assistant_stream import (
    AWAY,
    BAD_KEY,
    BROKEN,
    MOST_BYTES,
    MOST_EVENT,
    NO_STREAM,
    TRIES,
    WHY,
    Model,
    ModelError,
    Said,
    answer_in,
    events,
)

HELLO = (Said("user", "hello"),)


async def chunks(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(*parts: bytes) -> str:
    return "".join([words async for words in answer_in(chunks(parts))])


async def ask(*answers: Answer, path: str = "") -> tuple[str, int]:
    """Return what is answered, and how often it was asked for."""
    async with (
        stand_in(*answers) as server,
        Model.opened(server.url + path, "small", pause=0) as model,
    ):
        words = "".join([words async for words in model.answer(HELLO)])
        return words, len(server.asked)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, len(data), *(place % len(data) for place in places)})
    return [data[begin:end] for begin, end in pairwise(ends)]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    st.lists(st.integers(min_value=0)),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.booleans(),
)
def test_any_cut_of_a_stream_gives_the_same_text(
    words: list[str],
    places: list[int],
    ending: bytes,
    ascii_only: bool,  # noqa: FBT001
) -> None:
    lines = ["\ufeff: a comment", "event: ping", "data:", ""]
    for word in words:
        data = json.dumps({"choices": [{"delta": {"content": word}}]}, ensure_ascii=ascii_only)
        lines += [": another", "id: 1", f"data: {data}", ""]
    lines += ["data: [DONE]", "", "data: what comes later", ""]
    # Last of all a line, for a lone CR may be half of a line's end until more comes.
    stream = ending.join([*(line.encode() for line in lines), b"x"])
    assert asyncio.run(read(*cut(stream, places))) == "".join(words)


async def test_data_of_several_lines_is_one() -> None:
    parts = [b"data: a\ndata:b\n\ndata: unfinished"]
    assert [each async for each in events(chunks(parts))] == ["a\nb"]


async def test_what_endpoints_add_or_leave_out_is_no_trouble() -> None:
    assert await read(
        b'data: {"id": "1", "choices": [{"index": 0, "delta": {"role": "assistant"}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": null}}], "error": null}\n\n',
        event("yes"),
        b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\n',
        b'data: {"choices": [{"delta": null, "finish_reason": "stop"}]}\n\n',
    ) == "yes"  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((), NO_STREAM),
        ((b'{"choices": [{"message": {"content": "all at once"}}]}',), NO_STREAM),
        ((b"data: <html>\n\n",), NO_STREAM),
        ((b'data: {"choices": 1}\n\n',), NO_STREAM),
        ((b'data: {"error": ' + b"[" * 100_000 + b"\n\n",), NO_STREAM),
        ((event("half"),), BROKEN),
        ((event("half"), b'data: {"error": {"message": "overloaded"}}\n\n', DONE), BROKEN),
    ],
    ids=range(7),
)
async def test_what_is_no_answer_is_said_in_words(parts: tuple[bytes, ...], why: str) -> None:
    with pytest.raises(ModelError) as caught:
        await read(*parts)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    "parts",
    [
        (b":" + b" " * MOST_EVENT, b"\n"),
        ((b"data:" + b" " * 10 + b"\n") * (MOST_EVENT // 15 + 1), b"data: {}\n\n"),
        (b": still there\n" * 4096,) * (MOST_BYTES // (4096 * 14) + 1),
    ],
    ids=["a line", "an event", "all together"],
)
async def test_a_stream_without_end_is_not_read_to_the_end(parts: tuple[bytes, ...]) -> None:
    assert await read(*(part[-64:] for part in parts), event("yes"), DONE) == "yes"
    with pytest.raises(ModelError, match="no stream"):
        await read(*parts, event("yes"), DONE)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_who_is_busy_is_asked_again(status: int) -> None:
    busy = Answer(status=status, headers={"Retry-After": "0"})
    assert await ask(busy, Answer(status=503), says("he", "llo")) == ("hello", 3)


@pytest.mark.parametrize(
    ("answer", "why", "times"),
    [
        (Answer(status=429), WHY[429], TRIES),
        (Answer(status=429, headers={"Retry-After": "3600"}), WHY[429], 1),
        (
            Answer(status=503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
            "The model fails at the moment (status 503). Please try again later.",
            TRIES,
        ),
        (Answer(status=401), BAD_KEY, 1),
        (Answer(status=403), BAD_KEY, 1),
        (Answer(status=400), WHY[400], 1),
        (
            Answer(status=307, headers={"Location": "/elsewhere"}),
            "The model refuses (status 307). Tell whoever runs the bot.",
            1,
        ),
    ],
    ids=["busy", "busy for long", "busy until", "key", "forbidden", "bad", "redirect"],
)
async def test_a_refusal_is_said_in_words(answer: Answer, why: str, times: int) -> None:
    async with (
        stand_in(*[answer] * TRIES) as server,
        Model.opened(server.url, "small", pause=0) as model,
    ):
        with pytest.raises(ModelError) as caught:
            await anext(aiter(model.answer(HELLO)))
        assert str(caught.value) == why
        assert len(server.asked) == times


async def test_nothing_is_asked_again_once_there_was_a_word() -> None:
    async with (
        stand_in(Answer((event("half"),), ending="break")) as server,
        Model.opened(server.url, "small", pause=0) as model,
    ):
        pieces = aiter(model.answer(HELLO))
        assert await anext(pieces) == "half"
        with pytest.raises(ModelError, match="in the middle"):
            await anext(pieces)
        assert len(server.asked) == 1


async def test_an_endpoint_that_is_not_there_cannot_be_reached() -> None:
    async with stand_in() as server:
        pass
    for url in (server.url, "no url"):
        async with Model.opened(url, "small", pause=0) as model:
            with pytest.raises(ModelError) as caught:
                await anext(aiter(model.answer(HELLO)))
            assert str(caught.value) == AWAY


async def test_a_wrong_path_is_no_model() -> None:
    with pytest.raises(ModelError) as caught:
        await ask(path="/elsewhere")
    assert str(caught.value) == WHY[404]

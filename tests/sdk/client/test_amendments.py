"""What is said about a message, whatever comes first: the same remains."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final, cast

import pytest
from hypothesis import given, strategies as st
from tortoise.context import TortoiseContext
from tortoise.utils import get_schema_sql

from graphchat import content
from graphchat.client import amendments, rows
from graphchat.client.amendments import Said
from graphchat.client.history import Line, Mark, line
from graphchat.client.rows import Spoken
from graphchat.content import Delete, Edit, Reaction, Text, Unknown
from graphchat.content.amending import Amending
from graphchat.store import Cursor
from graphchat.store.schema import CLIENT

TARGET: Final = bytes(range(16))
THEM: Final = False
NOW: Final = 1_700_000_000.0


@pytest.fixture(scope="module")
def schema() -> str:
    """Return the tables of a client, as SQL."""

    async def read() -> str:
        async with TortoiseContext() as context:
            plain = {
                "engine": "tortoise.backends.sqlite",
                "credentials": {"file_path": ":memory:"},
            }
            await context.init(
                config={"connections": {"client": plain}, "apps": {"client": CLIENT.config()}}
            )
            return get_schema_sql(context.connections.get("client"), safe=False)

    return asyncio.run(read())


@contextmanager
def database(schema: str) -> Iterator[Cursor]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema)
        yield cast("Cursor", connection.cursor())


def arrive(cursor: Cursor) -> None:
    """Let the target come from the other side."""
    data = content.encode(Text("first"))
    spoken = Spoken(1, TARGET, THEM, "text", "first", data, NOW, NOW, "received")
    cursor.execute(*rows.message(spoken))
    amendments.settle(1, TARGET, NOW, cursor)


def say(message: Amending, *, outgoing: bool, cursor: Cursor) -> None:
    amendments.apply(Said(1, 1, outgoing, b"id", message, NOW, NOW), cursor)


def seen(cursor: Cursor) -> Line:
    found = line(1, TARGET, THEM, cursor)
    assert found is not None
    return found


TEXTS = st.sampled_from(["second", "third", ""])
EMOJI = st.sampled_from(["👍", "❤️", ""])
THEIRS = st.one_of(
    st.builds(Edit, st.just(TARGET), TEXTS),
    st.builds(Delete, st.just(TARGET)),
    st.builds(Reaction, st.just(TARGET), EMOJI),
)


def expected(said: list[Amending]) -> tuple[object, bool, bool, tuple[Mark, ...]]:
    """Return what remains, by the words of section 16."""
    text, edited, mark = "first", False, ""
    for message in said:
        match message:
            case Edit(text=text):
                edited = True
            case Reaction(emoji=mark):
                pass
            case _:
                return Unknown("deleted", b""), False, True, ()
    return Text(text), edited, False, (Mark(outgoing=False, emoji=mark),) if mark else ()


@given(said=st.lists(THEIRS, max_size=6), data=st.data())
def test_a_target_that_comes_late_ends_as_one_that_came_first(
    said: list[Amending], data: st.DataObject, schema: str
) -> None:
    late = data.draw(st.integers(0, len(said)))
    with database(schema) as cursor:
        for place in range(len(said) + 1):
            if place == late:
                arrive(cursor)
            if place < len(said):
                say(said[place], outgoing=False, cursor=cursor)
        found = seen(cursor)
        now = (found.message, found.edited_at is not None, found.deleted, found.reactions)
        assert now == expected(said)
        left = cursor.execute("SELECT kind FROM client_amendment").fetchall()
        assert len(left) == len(found.reactions) or found.deleted


@given(
    said=st.lists(
        st.one_of(st.builds(Edit, st.just(TARGET), TEXTS), st.builds(Delete, st.just(TARGET)))
    )
)
def test_nobody_else_edits_or_deletes(said: list[Amending], schema: str) -> None:
    with database(schema) as cursor:
        for place, message in enumerate(said):
            say(message, outgoing=True, cursor=cursor)
            if place == len(said) // 2:
                arrive(cursor)
        if not said:
            arrive(cursor)
        assert (seen(cursor).message, seen(cursor).edited_at) == (Text("first"), None)


def test_what_is_told_never_holds_what_was_said(schema: str) -> None:
    with database(schema) as cursor:
        arrive(cursor)
        say(Edit(TARGET, "a secret"), outgoing=False, cursor=cursor)
        found: Any = cursor.execute("SELECT kind, instr(data, 'secret') FROM client_event")
        assert found.fetchall() == [("edited", 0)]

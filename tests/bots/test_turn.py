from hashlib import sha256

import pytest

from graphchat.content import Text
from graphchat.errors import LocalProtocolError
from graphchat_bots.message import Event, Sender
from graphchat_bots.turn import MAX_BYTES, MAX_MESSAGES, MAX_NEW_JOBS, Turn, message_id


def turn() -> Turn:
    return Turn(Event("e1", "contact", "chat", Sender("chat", "Ann")))


def test_message_ids_follow_from_the_event_and_the_index() -> None:
    assert message_id("e1", 1) == sha256(b"gc/1 bot" + b"e1" + b"\0\0\0\1").digest()[:16]
    first = turn()
    first.say(Text("a"))
    first.say(Text("b"))
    assert [out.message_id for out in first.messages] == [message_id("e1", 0), message_id("e1", 1)]


def test_the_same_event_schedules_the_same_jobs() -> None:
    first, second = turn(), turn()
    for each in (first, second):
        each.schedule("ring", b"\x90", 1.0)
        each.schedule("ring", b"\x90", 1.0)
    assert first.jobs == second.jobs
    assert len({job.id for job in first.jobs}) == 2


def say_often(endless: Turn, text: str) -> None:
    for _ in range(MAX_MESSAGES + 1):
        endless.say(Text(text))


def schedule_often(endless: Turn) -> None:
    for _ in range(MAX_NEW_JOBS + 1):
        endless.schedule("ring", b"\x90", 1.0)


def test_an_endless_handler_ends() -> None:
    with pytest.raises(LocalProtocolError):
        say_often(turn(), "a")
    with pytest.raises(LocalProtocolError):
        schedule_often(turn())


def test_a_handler_that_fills_memory_ends() -> None:
    large = turn()
    with pytest.raises(LocalProtocolError):
        say_often(large, "a" * 100_000)
    assert len(large.messages) <= MAX_BYTES // 100_000

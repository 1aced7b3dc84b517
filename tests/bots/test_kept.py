from dataclasses import replace

import pytest

from graphchat.content import Text
from graphchat_bots import kept
from graphchat_bots.message import Sender
from graphchat_bots.port import Group, Incoming
from graphchat_bots.turn import Job, Outgoing

GROUP = Group("chat", "Shop")
SAID = Incoming(
    "e1", "chat", "m", "Ann", "message", Text("hello"), 5.5, b"i" * 16, from_bot=True, group=GROUP
)
CAME = Incoming("e2", "chat", "chat", "Ann", "contact", None, 0.0, b"")
JOB = Job("job-1", "ring", "chat", Sender("m", "Ann", is_bot=True), b"\x90", 1.0, 2, GROUP)


@pytest.mark.parametrize("incoming", [SAID, CAME])
def test_an_event_comes_out_as_it_went_in(incoming: Incoming) -> None:
    assert kept.unpack_event(kept.pack_event(incoming)) == incoming


def test_a_job_and_a_message_come_out_as_they_went_in() -> None:
    outgoing = Outgoing("chat", b"m" * 16, b"body", "action")
    assert kept.unpack_job(kept.pack_job(JOB)) == JOB
    assert kept.unpack_outgoing(kept.pack_outgoing(outgoing)) == outgoing


def test_a_job_with_an_event_in_it_is_told_from_others() -> None:
    job = replace(JOB, name=kept.EVENT, body=kept.pack_event(SAID))
    found = kept.event_in(job)
    assert found is not None
    assert (found.id, found.message) == ("job-1", SAID.message)
    assert kept.event_in(JOB) is None


def test_no_function_can_have_the_name_of_such_a_job() -> None:
    assert not kept.EVENT.isidentifier()


def test_each_further_try_has_another_id() -> None:
    ids = ["e1", *(kept.next_id(text) for text in ("e1", "e2", kept.next_id("e1")))]
    assert len(set(ids)) == len(ids)
    assert kept.next_id("e1") == kept.next_id("e1")

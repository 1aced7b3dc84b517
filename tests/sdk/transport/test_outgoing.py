from hypothesis import given, strategies as st

from graphchat.transport.outgoing import FRAME, Outgoing
from graphchat.wire.frames import decode_client
from graphchat.wire.limits import BATCH, SIZES, XXL
from graphchat.wire.socket import Send, Unsubscribe


def put(outgoing: Outgoing, name: str, size: int = 0) -> None:
    outgoing.put(lambda: Send(name, "https://a/q/x", bytes(size)), size)


def drained(outgoing: Outgoing) -> list[list[str]]:
    frames = []
    while (frame := outgoing.frame()) is not None:
        assert len(frame) <= FRAME
        frames.append([found.id or "" for found in decode_client(frame)])
    return frames


@given(st.lists(st.sampled_from(SIZES), max_size=40))
def test_everything_leaves_once_and_in_order(sizes: list[int]) -> None:
    outgoing = Outgoing(lambda: None)
    for number, size in enumerate(sizes):
        put(outgoing, str(number), size)
    frames = drained(outgoing)
    assert [name for frame in frames for name in frame] == [str(n) for n in range(len(sizes))]
    assert all(frames)


def test_a_frame_has_256_objects_at_most() -> None:
    outgoing = Outgoing(lambda: None)
    for number in range(600):
        put(outgoing, str(number))
    assert [len(frame) for frame in drained(outgoing)] == [BATCH, BATCH, 88]


def test_two_of_the_largest_envelopes_do_not_share_a_frame() -> None:
    outgoing = Outgoing(lambda: None)
    put(outgoing, "1", XXL)
    put(outgoing, "2", XXL)
    assert drained(outgoing) == [["1"], ["2"]]


def test_what_is_no_longer_wanted_when_it_would_leave_is_left_out() -> None:
    outgoing = Outgoing(lambda: None)
    for _ in range(1000):
        outgoing.put(lambda: None)
    put(outgoing, "1")
    assert drained(outgoing) == [["1"]]


def test_whoever_puts_wakes_the_writer() -> None:
    woken: list[int] = []
    outgoing = Outgoing(lambda: woken.append(1))
    outgoing.put(lambda: Unsubscribe("1", "x"))
    assert woken == [1]


def test_ids_differ() -> None:
    outgoing = Outgoing(lambda: None)
    assert len({outgoing.new_id() for _ in range(100)}) == 100

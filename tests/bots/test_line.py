from dataclasses import replace

from graphchat.content import Delete, Edit, Message, Reaction, Text
from graphchat_bots.line import Line
from graphchat_bots.parcel import pack
from graphchat_bots.turn import Outgoing

A, B = b"a" * 16, b"b" * 16


def out(number: int, message: Message, *, bulk: bool = False) -> Outgoing:
    return Outgoing("chat", bytes([number]) * 16, pack(message), bulk=bulk)


def drained(line: Line) -> list[Outgoing]:
    found = []
    while line:
        found.append(line.take())
    return found


def test_the_newest_edit_of_a_message_stands_and_keeps_its_place() -> None:
    line = Line()
    rows = [
        out(1, Edit(A, "1")), out(2, Text("x")), out(3, Edit(B, "1")), out(4, Edit(A, "2")),
        out(5, Reaction(A, "👍")), out(6, Edit(A, "3")),
    ]  # fmt: skip
    assert [line.add(row) for row in rows] == [None, None, None, rows[0], None, rows[3]]
    assert drained(line) == [rows[1], rows[2], rows[4], rows[5]]


def test_a_deletion_makes_edits_before_it_needless() -> None:
    line, edit, gone = Line(), out(1, Edit(A, "1")), out(2, Delete(A))
    assert line.add(edit) is None
    assert line.add(gone) == edit
    assert drained(line) == [gone]


def test_what_has_left_the_line_is_not_taken_out_again() -> None:
    line, edit, newer = Line(), out(1, Edit(A, "1")), out(2, Edit(A, "2"))
    line.add(edit)
    assert line.take() == edit
    assert line.add(newer) is None
    assert list(line) == [newer]


def test_what_is_in_a_hurry_goes_first_but_never_before_what_it_is_about() -> None:
    line = Line()
    slow, other = out(1, Text("slow"), bulk=True), out(2, Text("slower"), bulk=True)
    edit, quick = out(3, Edit(slow.message_id, "edited")), out(4, Text("quick"))
    for row in (slow, other, edit):
        line.add(row)
    before = line.is_bulk
    line.add(quick)
    assert (before, line.is_bulk) == (True, False)
    assert drained(line) == [quick, slow, other, edit]


def test_actions_are_not_looked_into() -> None:
    line, odd = Line(), replace(out(1, Edit(A, "1")), kind="action")
    line.add(odd)
    assert line.add(replace(odd, message_id=B)) is None

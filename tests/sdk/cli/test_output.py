import json
import sys
from io import BytesIO, TextIOWrapper
from unicodedata import category

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

from graphchat.cli import output

ANYTHING = st.text(st.characters(codec=None))


@given(ANYTHING)
def test_plain_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = output.plain(text)
    assert not {category(char) for char in shown} & {"Cc", "Zl", "Zp", "Cs"}
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert output.plain(shown) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_plain_text_keeps_what_people_write(text: str) -> None:
    assert output.plain(text) == text


def test_control_characters_are_shown_and_not_dropped() -> None:
    assert output.plain("a\x1b[2Jb\x9b\r\n\u202ec\u2028") == r"a\x1b[2Jb\x9b\r\n\u202ec\u2028"
    assert output.plain("a\n\tb\x07", lines=True) == "a\n\tb\\x07"
    assert output.plain("👩‍🚀 Zoë") == "👩‍🚀 Zoë"


@given(st.dictionaries(ANYTHING, ANYTHING))
def test_an_object_is_one_line_of_ascii(record: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        stream = TextIOWrapper(BytesIO(), encoding="ascii", newline="")
        patch.setattr(sys, "stdout", stream)
        output.write_json(record)
        stream.seek(0)
        written = stream.read()
    assert written.endswith("\n")
    assert written[:-1].isprintable()
    assert json.loads(written) == record


def test_talk_goes_to_stderr_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("one\ntwo\x1b[31m")
    assert capsys.readouterr() == ("", "one\\ntwo\\x1b[31m\n")


def test_a_table_reads_no_markup_and_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"name": "[red]Eve[/red] \x1b[31m", "more": "x" * 300, "hidden": "no"}
    output.write_rows([row], ["name", "more"], as_json=False)
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "more"]
    assert line.split() == ["[red]Eve[/red]", r"\x1b[31m", "x" * 300]


def test_a_table_of_nothing_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_rows([], ["name"], as_json=False)
    output.write_rows([], ["name"], as_json=True)
    assert capsys.readouterr() == ("", "")


def test_a_card_shows_what_is_not_empty(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"name": "Eve\n", "bio": "", "avatar": True, "old": False, "at": ["x", "y"], "n": 0}
    output.write_card(record, as_json=False)
    assert capsys.readouterr().out == "name: Eve\\n\navatar: yes\nat: x, y\nn: 0\n"
    output.write_card(record, as_json=True)
    assert json.loads(capsys.readouterr().out) == record


def test_a_second_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert [output.lasting(each) for each in (0.5, 1.0, 60.0)] == [
        "0.5 seconds",
        "1 second",
        "60 seconds",
    ]


def test_what_an_encoding_lacks_is_shown_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    output.be_robust()
    output.write("é▀")
    stream.seek(0)
    assert stream.read() == "\\xe9\\u2580\n"


def test_nobody_is_there_to_ask_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"yes\n")))
    assert not output.can_ask()


def test_prose_is_folded_on_a_terminal_and_keeps_its_edge(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "What it shows\n\n 10. One two three four five six\n    | said 漢字漢字漢字漢字漢字漢字 so"
    )
    output.write_prose(text)
    assert capsys.readouterr().out == f"{text}\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "26")
    output.write_prose(text)
    assert capsys.readouterr().out.splitlines() == [
        "What it shows",
        "",
        " 10. One two three four",
        "     five six",
        "    | said",
        "    | 漢字漢字漢字漢字漢字",
        "    | 漢字 so",
    ]


@given(st.text(st.sampled_from("ab |1.漢\u0301"), max_size=60), st.integers(30, 60))
def test_folding_loses_nothing_but_spaces(text: str, width: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        folded = output._folded(f"  | {text}")
    lines = folded.splitlines()
    assert all(line.startswith("  |") for line in lines)
    assert max(map(cell_len, lines)) <= width
    rest = "".join(line.removeprefix("  |") for line in lines)
    assert rest.replace(" ", "") == text.replace(" ", "")

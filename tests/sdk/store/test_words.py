"""Searches, on the schema of a client in a file that is not encrypted, to look into it."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlcipher3 import dbapi2 as sqlcipher

from graphchat.store import Database, schema
from graphchat.store.words import MAX_QUERY, MAX_TERMS, Query, folded

PUT = (
    "INSERT INTO client_message (connection_id, msg_id, outgoing, kind, text, data, sent_at,"
    " received_at, state) VALUES (1, randomblob(16), 0, 'text', ?, x'', 0, 0, '')"
)
FIND = "SELECT rowid FROM client_words WHERE client_words MATCH ? ORDER BY rowid DESC"


@pytest.fixture
async def plain(tmp_path: Path) -> Any:
    async with Database.open(tmp_path / "first.db", None):
        pass  # the migrations have run in this process now
    with closing(sqlcipher.connect(tmp_path / "plain.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        schema._FRESH[schema.CLIENT](connection)
        yield connection


def found(connection: Any, query: str) -> list[int]:
    match = Query.of(query).match
    assert match is not None
    return [row[0] for row in connection.execute(FIND, (match,))]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("GRÜSSE", "Grüße aus Zürich"),
        ("zurich", "Grüße aus Zürich"),
        ("ZÜR", "Grüße aus Zu\u0308rich"),
        ("привет", "ПРИВЕТ, мир"),
        ("ΟΔΟΣ", "η οδός"),
        ("see eight", "At eight I see you"),
        ('"see you" eight', "I see you at eight"),
        ("e-mail", "no E-Mail, please"),
        ("%", "100 %"),
        ("👍", "well 👍"),
        ("北京", "我在北京"),
        ("eig", "weight"),
        ("\uff46ull", "full"),
    ],
)
def test_a_text_has_what_is_looked_for(query: str, text: str) -> None:
    assert Query.of(query).is_in(text)


@pytest.mark.parametrize(
    ("query", "text"), [('"you see"', "I see you"), ("see me", "I see you"), ("é1", "e")]
)
def test_a_text_lacks_what_is_looked_for(query: str, text: str) -> None:
    assert not Query.of(query).is_in(text)


def test_the_index_knows_words_and_their_beginnings_in_any_case(plain: Any) -> None:
    for text in ("Ahoy ONE", "Zürich", "ahoy three", "ПРИВЕТ мир", "e-mail to Bob", ""):
        plain.execute(PUT, (text,))
    assert found(plain, "AHOY") == [3, 1]
    assert found(plain, "zur") == [2]
    assert found(plain, "при МИР") == [4]
    assert found(plain, "E-MAIL") == [5]
    assert found(plain, '"three ahoy"') == []
    assert found(plain, "hoy") == []


def test_the_index_follows_edits_and_deletions(plain: Any) -> None:
    for text in ("secretword one", "", "secretword two"):
        plain.execute(PUT, (text,))
    plain.execute("UPDATE client_message SET text = 'other' WHERE id = 1")
    plain.execute("UPDATE client_message SET text = 'late' WHERE id = 2")
    plain.execute("UPDATE client_message SET state = 'read'")
    assert found(plain, "secretword") == [3]
    assert (found(plain, "other"), found(plain, "late")) == ([1], [2])
    plain.execute("UPDATE client_message SET text = '' WHERE id = 1")
    plain.execute("DELETE FROM client_message WHERE id = 3")
    assert (found(plain, "other"), found(plain, "secretword")) == ([], [])
    plain.execute("INSERT INTO client_words (client_words, rank) VALUES ('integrity-check', 1)")


def test_no_byte_of_a_deleted_word_stays_in_the_file(plain: Any, tmp_path: Path) -> None:
    for number in range(300):
        plain.execute(PUT, (f"keepsake{number} treasure",))
    plain.execute(PUT, ("xyzzysecret",))
    assert b"xyzzysecret" in (tmp_path / "plain.db").read_bytes()
    plain.execute("DELETE FROM client_message WHERE text = 'xyzzysecret'")
    left = (tmp_path / "plain.db").read_bytes()
    assert b"xyzzysecret" not in left
    # A word of the index may lie there without its beginning, which it shares with its neighbour.
    assert b"zzysecret" not in left
    assert b"keepsake" in left


def test_a_query_has_its_limits() -> None:
    assert len(Query.of("a " * MAX_QUERY).terms) == MAX_TERMS
    assert Query.of("x" * 5_000).terms == ("x" * MAX_QUERY,)
    assert Query.of(' "" ').terms == ()
    assert Query.of('"').match is None


NASTY = st.text(st.sampled_from("ab\"'*()^:-+{}\0\ud800 ANDORTNE%_,.;é北👍"), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=NASTY | st.text(max_size=40))
def test_no_query_is_an_error(plain: Any, query: str) -> None:
    wanted = Query.of(query)
    if wanted.match is not None:
        plain.execute(FIND, (wanted.match,)).fetchall()
    wanted.is_in("a text")


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(st.characters(codec="ascii"), max_size=30).filter(str.strip))
def test_a_text_is_found_by_itself(text: str) -> None:
    assert Query.of(text).is_in(" ".join(text.replace("\0", " ").split()) + text)

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from PIL import Image
from tests.sdk.cli.people import Pair, Person
from tests.together.processes import RelayProcess

from graphchat.cli import messages


def test_a_message_is_sent_received_once_and_remembered(pair: Pair) -> None:
    alice, bob = pair
    assert alice.do("send", "Bob", "hello").out == "sent\n"
    (event,) = bob.receive(1)
    assert (event["event"], event["contact"], event["text"]) == ("message", "Alice", "hello")
    assert bob.hears_nothing()
    (receipt,) = alice.receive(1)
    assert (receipt["event"], receipt["ids"]) == ("delivered", [event["id"]])
    assert alice.hears_nothing()
    (line,) = alice.do("history", "Bob", "--json").rows
    assert (line["id"], line["outgoing"], line["state"]) == (event["id"], True, "delivered")
    (line,) = bob.do("history", "Alice", "--json").rows
    assert (line["id"], line["outgoing"], line["state"]) == (event["id"], False, "received")
    assert line["sent_at"] == event["sent_at"]


def test_send_tells_programs_the_id_of_the_message(pair: Pair) -> None:
    alice, bob = pair
    (sent,) = alice.do("send", "Bob", "hello", "--json").rows
    assert (sent["event"], sent["contact"]) == ("sent", "Bob")
    (event,) = bob.receive(1)
    assert event["id"] == sent["id"]


def test_waiting_for_the_receipt_ends_when_it_is_there(pair: Pair) -> None:
    alice, bob = pair
    listening = bob.start("receive", "--timeout", "1", "--json")
    assert alice.do("send", "Bob", "hello", "--wait", "30").out == "delivered\n"
    out, _ = listening.communicate(timeout=30)
    assert json.loads(out)["text"] == "hello"


def test_waiting_in_vain_fails_and_loses_nothing(pair: Pair) -> None:
    alice, bob = pair
    done = alice.run("send", "Bob", "hello", "--wait", "0.8")
    assert (done.status, done.out) == (1, "sent\n")
    assert done.err.startswith("Not confirmed within 0.8 seconds; the message is sent")
    assert [event["text"] for event in bob.receive(1)] == ["hello"]


def test_without_a_relay_a_message_is_queued_and_leaves_later(
    relay: RelayProcess, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    monkeypatch.setattr(messages, "PATIENCE", 0.3)
    relay.kill()
    try:
        done = alice.do("send", "Bob", "first")
        waited = alice.run("send", "Bob", "second", "--wait", "0.3")
    finally:
        relay.start()
    assert done.out == waited.out == "queued\n"
    assert done.err.startswith("No relay has taken the message yet. It leaves with the next")
    assert len(done.err.splitlines()) == 1
    assert (waited.status, "the message is queued" in waited.err) == (1, True)
    monkeypatch.setattr(messages, "PATIENCE", 10.0)
    alice.do("send", "Bob", "third")
    assert [event["text"] for event in bob.receive(3)] == ["first", "second", "third"]


def test_a_message_to_somebody_who_has_not_answered_waits(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    monkeypatch.setattr(messages, "PATIENCE", 0.3)
    alice.do("profile", "create", "Work")
    link = alice.do("--profile", "Work", "invite").out.strip()
    bob.do("connect", link)
    done = bob.do("send", "new contact", "hello")
    assert done.out == "queued\n"
    assert done.err.startswith("new contact has not answered yet. The message leaves once")


def test_a_picture_travels_with_its_caption(pair: Pair, tmp_path: Path) -> None:
    alice, bob = pair
    picture = tmp_path / "boat.png"
    Image.new("RGB", (300, 200), "navy").save(picture)
    alice.do("send", "Bob", "our boat", "--file", str(picture))
    (event,) = bob.receive(1, "--save", str(tmp_path / "in"))
    assert (event["type"], event["text"], event["width"]) == ("image", "our boat", 300)
    with Image.open(event["file"]) as saved:
        assert saved.size == (300, 200)
    assert Path(event["file"]).name == f"{event['id']}.webp"
    assert "(picture, 300 x 200, 1 KiB" in bob.do("history", "Alice").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["Nobody", "hi"], "There is no contact 'Nobody'. Contacts: Bob."),
        (["Bob"], "There is nothing to send. Give a text, or --file, --voice,"),
        (["Bob", " \n\t "], "There is nothing to send. Give a text, or --file, --voice,"),
        (["Bob", "x" * 100_001], "The text has 100,001 characters; 100,000 fit. Shorten it."),
        (["Bob", "half \ud800"], "The text is not valid Unicode text. Type it again."),
        (["Bob", "x" * 1001, "--file", "PNG"], "The caption has 1,001 characters; 1,000 fit."),
        (["Bob", "--file", "HALF"], "The picture is damaged."),
    ],
)
def test_what_cannot_be_sent_is_refused_and_not_stored(
    words: list[str], sentence: str, pair: Pair, tmp_path: Path
) -> None:
    alice, _ = pair
    files = {"PNG": tmp_path / "a.png", "HALF": tmp_path / "b.png"}
    Image.new("RGB", (3, 3)).save(files["PNG"])
    files["HALF"].write_bytes(files["PNG"].read_bytes()[:20])
    assert alice.refused("send", *(str(files.get(word, word)) for word in words)).startswith(
        sentence
    )
    assert alice.do("history", "Bob", "--json").rows == []


def test_the_longest_text_arrives(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "x" * 100_000)
    (event,) = bob.receive(1)
    assert event["text"] == "x" * 100_000


def test_while_no_relay_answers_sending_says_how_long_it_tries(
    relay: RelayProcess, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = pair
    monkeypatch.setattr(messages, "QUIET", 0.2)
    monkeypatch.setattr(messages, "PATIENCE", 1.0)
    relay.kill()
    try:
        done = alice.do("send", "Bob", "hello")
        waited = alice.run("send", "Bob", "again", "--wait", "0.5")
    finally:
        relay.start()
    trying, why = done.err.splitlines()
    assert trying == "No relay answers yet; it goes on trying, 1 second in all ..."
    assert why.startswith("No relay has taken the message yet.")
    assert waited.err.startswith("No relay answers yet; it goes on trying, 0.5 seconds in all")


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_text_comes_from_standard_input(
    ending: str, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    monkeypatch.setattr("sys.stdin", typed(f"two\nlines{ending}".encode()))
    alice.do("send", "Bob", "-")
    (event,) = bob.receive(1)
    assert event["text"] == "two\nlines"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\n", "There is nothing to send."),
        (b"\xff\xfe", "Standard input is not text in UTF-8."),
        (b"x" * 300_000, "The text has 100,002 characters; 100,000 fit."),
    ],
)
def test_what_is_no_message_on_standard_input_is_refused(
    data: bytes, sentence: str, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", typed(data))
    assert alice.refused("send", "Bob", "-").startswith(sentence)


def typed(data: bytes) -> TextIOWrapper:
    return TextIOWrapper(BytesIO(data), encoding="utf-8")

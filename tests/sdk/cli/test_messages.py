import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image
from tests.sdk.cli.people import Pair
from tests.together.processes import PROGRAM, RelayProcess, environment

from graphchat import Client
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
    assert (waited.status, "the message is queued" in waited.err) == (1, True)
    monkeypatch.setattr(messages, "PATIENCE", 10.0)
    alice.do("send", "Bob", "third")
    assert [event["text"] for event in bob.receive(3)] == ["first", "second", "third"]


def test_nothing_to_hear_and_nobody_to_hear_from_are_told_apart(
    relay: RelayProcess, pair: Pair
) -> None:
    _, bob = pair
    assert "relays" not in bob.do("receive", "--timeout", "0.5").err
    relay.kill()
    try:
        heard = bob.do("receive", "--timeout", "0.5")
    finally:
        relay.start()
    assert heard.err.startswith("None of your relays has answered")


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
        (["Bob"], "There is nothing to send. Give a text, or --file with a picture."),
        (["Bob", "x" * 100_001], "The text has 100,001 characters; 100,000 fit. Shorten it."),
        (["Bob", "half \ud800"], "The text is not valid Unicode text. Type it again."),
        (["Bob", "x" * 1001, "--file", "PNG"], "The caption has 1,001 characters; 1,000 fit."),
        (
            ["Bob", "--file", "TEXT"],
            "This file is no PNG, JPEG or WebP picture.",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_and_not_stored(
    words: list[str], sentence: str, pair: Pair, tmp_path: Path
) -> None:
    alice, _ = pair
    files = {"PNG": tmp_path / "a.png", "TEXT": tmp_path / "b.png"}
    Image.new("RGB", (3, 3)).save(files["PNG"])
    files["TEXT"].write_text("no picture")
    assert alice.refused("send", *(str(files.get(word, word)) for word in words)).startswith(
        sentence
    )
    assert alice.do("history", "Bob", "--json").rows == []


def test_the_longest_text_arrives(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "x" * 100_000)
    (event,) = bob.receive(1)
    assert event["text"] == "x" * 100_000


def test_what_a_contact_writes_cannot_move_the_cursor(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "\x1b[2J[red]hi[/red]\nAlice: \x07 \u202eoops")
    out = ""
    while not out:
        out = bob.do("receive", "--timeout", "0.3").out
    assert out.splitlines()[0].endswith(r"Alice: \x1b[2J[red]hi[/red]")
    assert out.splitlines()[1] == r"    Alice: \x07 \u202eoops"
    shown = bob.do("history", "Alice").out
    assert out == shown


def test_the_history_is_searched_and_limited(pair: Pair) -> None:
    alice, bob = pair
    for text in ("Ahoy one", "two", "ahoy three"):
        alice.do("send", "Bob", text)
    assert len(bob.receive(3)) == 3
    found = bob.do("history", "alice", "--search", "AHOY", "--json").rows
    assert [line["text"] for line in found] == ["Ahoy one", "ahoy three"]
    found = bob.do("history", "Alice", "--limit", "2", "--json").rows
    assert [line["text"] for line in found] == ["two", "ahoy three"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "PAGE", 2)
        found = bob.do("history", "Alice", "--json").rows
        assert [line["text"] for line in found] == ["Ahoy one", "two", "ahoy three"]
        found = bob.do("history", "Alice", "--limit", "2", "--json").rows
        assert [line["text"] for line in found] == ["two", "ahoy three"]
    shown = alice.do("history", "Bob", "--limit", "1").out
    assert shown.endswith("Alice: ahoy three [sent]\n")
    assert bob.run("history", "Alice", "--limit", "0").status == 2


def test_listening_lasts_as_long_as_it_was_told(pair: Pair) -> None:
    _, bob = pair
    started = time.monotonic()
    assert bob.do("receive", "--timeout", "0.5").out == ""
    assert 0.5 <= time.monotonic() - started < 5


def test_no_time_at_all_shows_what_is_here(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "hello")

    async def collect() -> None:
        async with Client(bob.database) as client:
            await (await client.profile()).wait_events()

    asyncio.run(collect())
    (event,) = bob.do("receive", "--timeout", "0", "--json").rows
    assert event["text"] == "hello"
    assert bob.do("receive", "--timeout", "0").out == ""


def test_ctrl_c_ends_following_without_a_traceback_and_loses_nothing(pair: Pair) -> None:
    alice, bob = pair
    following = bob.start("receive", "--follow", "--json")
    assert following.stdout is not None
    alice.do("send", "Bob", "one")
    assert json.loads(following.stdout.readline())["text"] == "one"
    alice.do("send", "Bob", "two")
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=20)
    assert (following.returncode, err) == (130, "")
    texts = [json.loads(line)["text"] for line in out.splitlines()]
    assert texts or [event["text"] for event in bob.receive(1)] == ["two"]
    assert bob.hears_nothing()


def test_what_could_not_be_printed_is_printed_next_time(pair: Pair) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "one")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nowhere:
        following = subprocess.run(
            [*PROGRAM, "--home", str(bob.home), "receive", "--timeout", "5", "--json"],
            env=environment(),
            stdout=nowhere,
            stderr=subprocess.PIPE,
            check=False,
            timeout=30,
        )
    assert following.returncode == 1
    assert b"Traceback" not in following.stderr
    assert [event["text"] for event in bob.receive(1)] == ["one"]

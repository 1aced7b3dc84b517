import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.sdk.cli.people import NewPerson, Pair, Person
from tests.together.processes import RelayProcess, relays

from graphchat import Client
from graphchat.cli import connect
from graphchat.codes import qr
from graphchat.errors import CodeError


@pytest.fixture
def strangers(person: NewPerson, relay: RelayProcess) -> Pair:
    """Return two people with profiles and a relay."""
    alice, bob = person("alice"), person("bob")
    for one, name in ((alice, "Alice"), (bob, "Bob")):
        one.do("profile", "create", name)
        one.do("servers", "add", relay.uri)
    return alice, bob


def state_of(one: Person) -> str:
    (row,) = one.do("contacts", "--json").rows
    return str(row["state"])


def test_an_invitation_is_finished_by_later_commands(strangers: Pair, tmp_path: Path) -> None:
    alice, bob = strangers
    picture = tmp_path / "code.png"
    done = alice.do("invite", "--qr", str(picture))
    assert done.out == f"{qr.read(picture)}\n"
    assert done.err == f"The QR code is in {picture}.\n"
    asked = bob.do("connect", str(picture), "--json")
    assert (asked.rows[0]["contact"], asked.rows[0]["state"]) == ("new contact", "requested")
    assert "graphchat receive" in asked.err
    seen: set[str] = set()
    for one in (alice, bob) * 20:
        events = one.do("receive", "--timeout", "0.3", "--json").rows
        seen |= {f"{event['event']} {event['contact']}" for event in events}
        if len(seen) == 2:
            break
    assert seen == {"established Bob", "established Alice"}
    assert (state_of(alice), state_of(bob)) == ("established", "established")


def test_both_sides_can_wait_for_each_other(strangers: Pair) -> None:
    alice, bob = strangers
    inviting = alice.start("invite", "--wait", "30", "--json")
    assert inviting.stdout is not None
    link = json.loads(inviting.stdout.readline())["link"]
    done = bob.do("connect", link, "--wait", "30")
    assert done.out.splitlines()[1].split()[:3] == ["Alice", "person", "established"]
    out, err = inviting.communicate(timeout=30)
    assert inviting.returncode == 0
    assert '{"event":"established","contact":"Bob"' in out
    assert err == "Waiting for somebody to use it ...\n"


def test_waiting_in_vain_fails_and_keeps_the_invitation(strangers: Pair) -> None:
    alice, bob = strangers
    done = alice.run("invite", "--wait", "0.1")
    assert done.status == 1
    assert "Nobody has connected within 0.1 seconds. The invitation stays good" in done.err
    done = bob.run("connect", done.out.strip(), "--wait", "0.1")
    assert done.status == 1
    assert "No answer within 0.1 seconds. Nothing is lost" in done.err
    assert state_of(bob) == "requested"
    assert "Bob" not in alice.do("contacts").out


def test_a_used_invitation_is_refused_and_leaves_no_contact(
    strangers: Pair, person: NewPerson, relay: RelayProcess
) -> None:
    alice, bob = strangers
    link = alice.do("invite").out.strip()
    bob.do("connect", link)
    asyncio.run(_accept(alice))
    eve = person("eve")
    eve.do("profile", "create", "Eve")
    eve.do("servers", "add", relay.uri)
    assert "does not work any more" in eve.refused("connect", link)
    assert eve.do("contacts", "--json").rows == []
    assert "used here already" in bob.refused("connect", link)
    assert "your own" in alice.refused("connect", link)


async def _accept(one: Person) -> None:
    """Stay online until the invitation is used up."""
    async with Client(one.database) as client, asyncio.timeout(20):
        profile = await client.profile()
        while not await profile.contacts():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.05)
        await client.settled()


def test_a_request_outlives_a_relay_that_is_away(
    strangers: Pair, person: NewPerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bob = strangers
    carol = person("carol")
    carol.do("profile", "create", "Carol")
    monkeypatch.setattr(connect, "PATIENCE", 0.3)
    with relays(tmp_path, 1) as (away,):
        carol.do("servers", "add", away.uri)
        link = carol.do("invite").out.strip()
        away.kill()
        done = bob.do("connect", link)
        assert "The relay of the other side does not answer; it is tried again" in done.err
        away.start()
        for one in (bob, carol) * 20:
            one.do("receive", "--timeout", "0.3")
            if state_of(bob) == "established":
                break
        (row,) = bob.do("contacts", "--json").rows
    assert (row["contact"], row["state"]) == ("Carol", "established")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere/code.png", "There is no folder"),
        ("code.jpg", "does not end in .png"),
        ("code", "does not end in .png"),
        ("folder.png", "is a directory"),
    ],
)
def test_a_picture_that_cannot_be_written_makes_no_invitation(
    name: str, sentence: str, alice: Person, tmp_path: Path
) -> None:
    (tmp_path / "folder.png").mkdir()
    done = alice.run("invite", "--qr", str(tmp_path / name))
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert sentence in line
    assert line.endswith("See: graphchat invite --help")


def test_without_a_relay_the_command_is_named(alice: Person) -> None:
    assert "graphchat servers add URI" in alice.refused("invite")


def test_a_relay_that_is_gone_makes_no_invitation(alice: Person) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}/q#{'A' * 22}"
        alice.do("servers", "add", "--no-check", uri)
        assert "127.0.0.1" in alice.refused("invite")


@pytest.mark.parametrize(
    "code",
    [
        "GRAPHCHAT:INVITE/AGCR",
        "GRAPHCHAT:NONSENSE/AGCR",
        "https://example.org/#nothing",
        "http://example.org/",
        "nonsense",
        "",
        "x" * 5000,
        "GRAPHCHAT:INVITE/" + "A" * 5000,
    ],
)
def test_what_is_no_code_is_refused(code: str, alice: Person) -> None:
    assert len(alice.refused("connect", code)) > 20
    assert alice.do("contacts", "--json").rows == []


def hostile_pictures(folder: Path) -> Iterator[Path]:
    (folder / "text.png").write_text("no picture")
    (folder / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    Image.new("1", (6000, 6000)).save(folder / "bomb.png")
    Image.new("RGB", (300, 300), "white").save(folder / "empty.jpg")
    qr.write("https://example.org/").save(folder / "other.png")
    qr.write("GRAPHCHAT:INVITE/AGCR").save(folder / "damaged.png")
    qr.write("GRAPHCHAT:INVITE/\x1b[2J\x07").save(folder / "escape.png")
    first, second = (qr.write(f"GRAPHCHAT:INVITE/{letter}") for letter in "AB")
    both = Image.new("L", (first.width + second.width, first.height), "white")
    both.paste(first, (0, 0))
    both.paste(second, (first.width, 0))
    both.save(folder / "two.png")
    yield from sorted(folder.iterdir())


def test_hostile_pictures_are_refused_in_one_line(alice: Person, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    lines = {path.name: alice.refused("connect", str(path)) for path in hostile_pictures(folder)}
    assert len(lines) == 8
    assert all(line.isprintable() and "bug" not in line for line in lines.values()), lines
    assert "several graphchat codes" in lines["two.png"]
    assert "million" in lines["bomb.png"]
    assert "No QR code" in lines["empty.jpg"]


def test_a_source_is_a_link_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "code.png"
    path.touch()
    assert connect.source_of(str(path)) == path
    assert connect.source_of(" graphchat:invite/abc ") == " graphchat:invite/abc "
    link = "https://x.example/#GRAPHCHAT:INVITE/A"
    assert connect.source_of(link) == link
    with pytest.raises(CodeError, match="no graphchat link"):
        connect.source_of(str(tmp_path))

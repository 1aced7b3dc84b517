import asyncio
import json
import os
import signal
import subprocess
import time

import pytest
from tests.sdk.cli.people import NewPerson, Pair, befriend
from tests.together.processes import PROGRAM, RelayProcess, environment, relays

from graphchat import Client


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


def test_ctrl_c_is_how_following_ends_and_loses_nothing(pair: Pair) -> None:
    alice, bob = pair
    following = bob.start("receive", "--follow", "--json")
    assert following.stdout is not None
    alice.do("send", "Bob", "one")
    assert json.loads(following.stdout.readline())["text"] == "one"
    alice.do("send", "Bob", "two")
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=20)
    assert (following.returncode, err) == (0, "")
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
    assert (following.returncode, following.stderr) == (1, b"")
    assert [event["text"] for event in bob.receive(1)] == ["one"]


def test_following_for_some_seconds_is_wrong_usage(pair: Pair) -> None:
    _, bob = pair
    done = bob.run("receive", "--timeout", "1", "--follow")
    assert (done.status, done.out) == (2, "")
    assert done.err == "--follow listens until Ctrl-C. Leave out --timeout.\n"


def test_receive_says_that_it_has_the_home_for_itself(pair: Pair) -> None:
    _, bob = pair
    assert "One command at a time can use a home" in " ".join(
        bob.do("receive", "--help").out.split()
    )


def test_following_tells_of_a_relay_that_is_lost_and_back(
    person: NewPerson, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alice, bob = person("alice"), person("bob")
    with relays(tmp_path_factory.mktemp("lost"), 1) as (server,):
        asyncio.run(befriend(alice.database, bob.database, server.uri))
        following = bob.start("receive", "--follow")
        assert following.stderr is not None
        alice.do("send", "Bob", "there?")
        assert following.stdout is not None
        assert "there?" in following.stdout.readline()
        server.kill()
        assert "does not answer any more" in following.stderr.readline()
        server.start()
        assert "answers again" in following.stderr.readline()
        following.send_signal(signal.SIGINT)
        following.communicate(timeout=20)

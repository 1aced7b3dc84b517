import socket

import pytest
from tests.sdk.cli.people import NewPerson, Pair, Person
from tests.together.processes import RelayProcess

STRANGER = "https://relay.example/q/secret-token#AAAAAAAAAAAAAAAAAAAAAA"


def listed(person: Person, *words: str) -> list[tuple[str, bool, bool]]:
    rows = person.do("servers", "list", "--json", *words).rows
    return [(row["uri"], row["private"], row["up"]) for row in rows]


def test_the_list_says_whether_a_relay_answers(alice: Person, relay: RelayProcess) -> None:
    alice.do("servers", "add", relay.uri)
    (row,) = alice.do("servers", "list", "--json").rows
    assert row["ms"] >= 0
    assert (row["dropped"], row["away"], row["reported"], row["problem"]) == (0, 0, 0, "")
    assert "none" in alice.do("servers", "list").out
    relay.kill()
    try:
        (row,) = alice.do("servers", "list", "--json").rows
        assert (row["up"], row["ms"]) == (False, None)
        assert row["problem"]
        assert f"no: {row['problem'][:20]}" in alice.do("servers", "list").out
    finally:
        relay.start()
    (row,) = alice.do("servers", "list", "--json", "--no-check").rows
    assert (row["up"], row["ms"], row["problem"]) == (None, None, "")


def test_a_relay_is_tried_added_listed_and_removed(alice: Person, relay: RelayProcess) -> None:
    assert alice.do("servers", "add", relay.uri).out == f"uri: {relay.uri}\n"
    alice.do("servers", "add", relay.uri)
    assert listed(alice) == [(relay.uri, False, True)]
    alice.do("servers", "remove", relay.uri)
    assert listed(alice) == []
    assert "does not use that relay" in alice.refused("servers", "remove", relay.uri)


def test_the_whole_line_that_a_relay_prints_will_do(alice: Person, relay: RelayProcess) -> None:
    for line in (f"relay ready {relay.uri}", f"  relay ready  {relay.uri}\n"):
        assert alice.do("servers", "add", line).out == f"uri: {relay.uri}\n"
        assert listed(alice) == [(relay.uri, False, True)]
        done = alice.do("servers", "remove", line)
        assert done.err.startswith("No new contact will reach you through http://127.0.0.1:")
        assert listed(alice) == []


def test_one_relay_under_two_names_is_refused(alice: Person, relay: RelayProcess) -> None:
    alice.do("servers", "add", relay.uri)
    again = relay.uri.replace("127.0.0.1", "localhost")
    for words in ([again], ["--no-check", again]):
        line = alice.refused("servers", "add", *words)
        assert line.startswith(f"This relay is here already, as {relay.uri.partition('#')[0]}:")
    assert listed(alice) == [(relay.uri, False, True)]


@pytest.mark.parametrize(
    "spelling",
    [
        "HTTPS://Relay.Example:443/q/",
        "https://relay.example",
        "relay ready https://relay.example./q/other-token#AAAAAAAAAAAAAAAAAAAAAA",
        STRANGER,
    ],
)
def test_a_relay_is_removed_in_every_spelling_that_add_takes(spelling: str, alice: Person) -> None:
    alice.do("servers", "add", "--no-check", STRANGER)
    alice.do("servers", "remove", spelling)
    assert listed(alice) == []


def test_a_relay_is_not_removed_by_what_names_another(alice: Person) -> None:
    alice.do("servers", "add", "--no-check", STRANGER)
    other = STRANGER[:-22] + "A" * 20 + "BA"
    assert "does not use that relay" in alice.refused("servers", "remove", other)
    assert "starts with https://" in alice.refused("servers", "remove", "relay.example")
    assert len(listed(alice, "--no-check")) == 1


def test_the_list_tells_private_relays_from_others_only_where_there_are_both(
    alice: Person,
) -> None:
    alice.do("servers", "add", "--no-check", f"https://other.example/q#{'B' * 21}A")
    words = alice.do("servers", "list", "--no-check").out.split()
    assert words[:4] == ["uri", "answers", "faults", f"https://other.example/q#{'B' * 21}A"]
    alice.do("servers", "add", "--no-check", STRANGER)
    header, *rows = alice.do("servers", "list", "--no-check").out.splitlines()
    assert header.split() == ["uri", "answers", "faults", "private"]
    assert sorted(row.split()[-1] for row in rows) == ["no", "yes"]


def test_a_relay_with_another_fingerprint_is_refused(alice: Person, relay: RelayProcess) -> None:
    false = relay.uri[:-22] + "A" * 22
    line = alice.refused("servers", "add", false)
    host = relay.uri.removeprefix("http://").partition("/")[0]
    assert line.startswith(f"What answers as {host} is not the relay that the address names")
    assert listed(alice) == []


def test_a_relay_that_does_not_answer_is_refused(alice: Person) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}/q#{'A' * 22}"
        line = alice.refused("servers", "add", uri)
    assert "127.0.0.1" in line
    assert listed(alice) == []


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "relay.example",
        "https://relay.example/q",
        "https://relay.example/q#short",
        "http://relay.example/q#AAAAAAAAAAAAAAAAAAAAAA",
        "ftp://relay.example/q#AAAAAAAAAAAAAAAAAAAAAA",
        "https://relay.example/\x1b[31m#AAAAAAAAAAAAAAAAAAAAAA",
        f"https://{'x' * 600}/q#AAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_what_is_no_relay_makes_no_home(uri: str, person: NewPerson) -> None:
    nobody = person("nobody")
    assert len(nobody.refused("servers", "add", "--no-check", uri)) > 20
    assert not nobody.home.exists()


def test_without_a_check_a_relay_need_not_answer_and_its_token_is_not_shown(
    alice: Person,
) -> None:
    done = alice.do("servers", "add", "--no-check", STRANGER, "--json")
    shown = "https://relay.example/q#AAAAAAAAAAAAAAAAAAAAAA"
    assert done.rows == [{"uri": shown, "private": True}]
    table = alice.do("servers", "list", "--no-check").out
    assert "secret-token" not in table
    assert table.splitlines()[1].split() == [shown, "not", "asked", "none", "yes"]
    alice.do("servers", "remove", shown)
    assert "graphchat servers add URI" in alice.do("servers", "list").err


def test_a_home_can_begin_with_a_relay(person: NewPerson) -> None:
    nobody = person("nobody")
    assert nobody.do("servers", "list", "--json").out == ""
    assert not nobody.home.exists()
    nobody.do("servers", "add", "--no-check", STRANGER)
    assert "graphchat profile create NAME" in nobody.refused("contacts")


def test_a_policy_is_shown_and_chosen(alice: Person) -> None:
    assert (
        alice.do("servers", "policy", "hedge", "--lanes", "3").out == "policy: hedge\nlanes: 3\n"
    )
    assert alice.do("servers", "policy", "auto").out == "policy: auto\nlanes: 3\n"
    assert "auto, all, hedge" in alice.refused("servers", "policy", "some")
    assert "no contact" in alice.refused("servers", "policy", "--contact", "Bob")


def test_a_policy_is_chosen_for_one_contact(pair: Pair) -> None:
    alice, _ = pair
    words = ("servers", "policy", "--contact", "Bob", "--json")
    assert alice.do(*words).rows == [{"contact": "Bob", "policy": "all", "relays": 1}]
    assert alice.do(*words, "hedge").rows[0]["policy"] == "hedge"
    assert alice.do(*words).rows[0]["policy"] == "hedge"


def test_a_proxy_is_kept_shown_and_left_out(alice: Person) -> None:
    assert alice.do("servers", "proxy", "--json").rows == [{"proxy": "direct"}]
    url = "socks5h://me:secret@127.0.0.1:9"
    assert "secret" not in alice.do("servers", "proxy", url).out
    assert alice.do("servers", "proxy", "--json").rows == [{"proxy": "socks5h://me@127.0.0.1:9"}]
    away = "https://relay.example/q#AAAAAAAAAAAAAAAAAAAAAA"
    refused = alice.refused("servers", "add", away)
    assert "relay.example cannot be reached through the proxy, which does not answer" in refused
    onion = "https://abcdefgh.onion/q#AAAAAAAAAAAAAAAAAAAAAA"
    assert "only Tor reaches" in alice.refused("--proxy", "direct", "servers", "add", onion)
    assert alice.refused("servers", "proxy", "tor").startswith("A proxy is written as socks5h://")
    alice.do("servers", "proxy", "direct")
    assert alice.do("servers", "proxy", "--json").rows == [{"proxy": "direct"}]

"""The one state of a group, whatever comes in whatever order."""

import json
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings, strategies as st
from tests.sdk.core.groups.founding import Device, founded, join, key_of
from tests.vectors import generate_groups

from graphchat import content
from graphchat.content import Text
from graphchat.core.groups import actions as do, log as logs
from graphchat.core.groups.actions import Action, Role
from graphchat.core.groups.entry import Signed, ticket_of
from graphchat.core.groups.log import Log
from graphchat.core.groups.post import SignedPost, first_hash
from graphchat.crypto.keys import SigningKey
from graphchat.errors import RemoteProtocolError
from graphchat.secret import Secret

NAMES = ["o", "a", "b", "c", "d"]


def public(name: str) -> bytes:
    return key_of(name).public


def merged(*devices: Device) -> Device:
    result = devices[0].copy()
    for device in devices[1:]:
        for node in device.log.nodes.values():
            result.log.add(node.signed)
    return result


@pytest.fixture
def hikers() -> Device:
    """Return a group with an owner, an admin, a moderator and a member."""
    device = Device(founded())
    device.let_in("a", Role.ADMIN)
    device.let_in("b", Role.MODERATOR)
    device.let_in("c")
    return device


def test_removal_beats_what_the_removed_one_gave_at_the_same_time(hikers: Device) -> None:
    other = hikers.copy()
    hikers.do("o", do.Remove(public("a")))
    other.do("a", join(other.group, "d"))
    other.do("a", do.SetRole(public("d"), Role.MODERATOR))
    both = merged(hikers, other)
    assert both.role("a") == both.role("d") == -1
    assert both.role("c") == Role.MEMBER


def test_what_somebody_gave_before_the_removal_stays(hikers: Device) -> None:
    hikers.do("a", join(hikers.group, "d"))
    hikers.do("o", do.Remove(public("a")))
    assert hikers.role("d") == Role.MEMBER


def test_who_was_let_in_by_nobody_can_let_nobody_in(hikers: Device) -> None:
    other = hikers.copy()
    hikers.do("o", do.Remove(public("b")))
    other.do("b", join(other.group, "d"))
    other.do("o", do.SetRole(public("d"), Role.ADMIN))
    other.do("d", join(other.group, "e"))
    both = merged(hikers, other)
    assert both.role("d") == both.role("e") == -1


def test_removal_beats_a_higher_role_at_the_same_time(hikers: Device) -> None:
    other = hikers.copy()
    hikers.do("b", do.Remove(public("c")))
    other.do("o", do.SetRole(public("c"), Role.ADMIN))
    assert merged(hikers, other).role("c") == merged(other, hikers).role("c") == -1


def test_the_lower_of_two_roles_wins(hikers: Device) -> None:
    other = hikers.copy()
    hikers.do("o", do.SetRole(public("c"), Role.MODERATOR))
    hikers.do("o", do.SetRole(public("c"), Role.ADMIN))
    other.do("a", do.SetRole(public("c"), Role.OBSERVER))
    assert merged(hikers, other).role("c") == merged(other, hikers).role("c") == Role.OBSERVER


def test_two_owners_who_remove_each_other_are_both_out(hikers: Device) -> None:
    hikers.do("o", do.SetRole(public("a"), Role.OWNER))
    other = hikers.copy()
    hikers.do("o", do.Remove(public("a")))
    other.do("a", do.Remove(public("o")))
    both = merged(hikers, other)
    assert both.role("a") == both.role("o") == -1


def test_who_was_removed_can_be_let_in_again_afterwards(hikers: Device) -> None:
    hikers.do("o", do.Remove(public("c")))
    hikers.do("o", join(hikers.group, "c"))
    assert hikers.role("c") == Role.MEMBER


def test_who_was_banned_cannot(hikers: Device) -> None:
    hikers.do("o", do.Remove(public("c"), ban=True))
    with pytest.raises(RemoteProtocolError):
        hikers.log.add(hikers.write("o", join(hikers.group, "c")))


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("c", do.Remove(public("b"))),
        ("b", do.Remove(public("a"))),
        ("a", do.Remove(public("o"))),
        ("a", do.SetRole(public("c"), Role.ADMIN)),
        ("a", do.SetRole(public("a"), Role.OWNER)),
        ("b", do.SetRole(public("c"), Role.OBSERVER)),
        ("c", do.SetSettings(do.Change(name="Mine"))),
        ("b", do.Host("GRAPHCHAT:ADDRESS/A")),
        ("c", do.Mute(public("b"), 1)),
        ("c", do.Delete(public("b"), 1)),
        ("d", do.Invite(bytes(32))),
        ("o", do.Remove(public("d"))),
    ],
)
def test_who_has_no_right_is_refused(hikers: Device, name: str, action: Action) -> None:
    before = len(hikers.log.nodes)
    with pytest.raises(RemoteProtocolError, match="no right"):
        hikers.log.add(hikers.write(name, action))
    assert len(hikers.log.nodes) == before


def test_members_may_delete_their_own_posts_and_lower_themselves(hikers: Device) -> None:
    hikers.do("c", do.Delete(public("c"), 1))
    hikers.do("a", do.SetRole(public("a"), Role.MEMBER))
    assert (public("c"), 1) in hikers.log.state.deleted
    assert hikers.role("a") == Role.MEMBER


def test_an_entry_waits_for_those_before_it(hikers: Device) -> None:
    writer = hikers.copy()
    first, second = (writer.do("o", do.Invite(bytes([n]) * 32)) for n in (1, 2))
    assert hikers.log.add(second) == []
    assert hikers.log.missing == [first.hash]
    assert hikers.log.add(first) == [first, second]
    assert hikers.log.missing == []
    assert hikers.log.add(second) == []


def test_what_waits_is_bounded(hikers: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_HELD", 3)
    writer = hikers.copy()
    rows = [writer.do("o", do.Invite(bytes([n]) * 32)) for n in range(6)]
    for signed in rows[1:]:
        hikers.log.add(signed)
    assert len(hikers.log.held) == 3


def test_a_full_log_takes_nothing_more(hikers: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_ENTRIES", len(hikers.log.nodes))
    with pytest.raises(RemoteProtocolError, match="full"):
        hikers.log.add(hikers.write("o", do.Invite(bytes(32))))


def test_a_group_begins_once(hikers: Device) -> None:
    other = founded(do.Settings("Others"))
    with pytest.raises(RemoteProtocolError, match="another group"):
        hikers.log.add(other)


def drawn(random: Random, device: Device) -> Action:
    """Return some action; whether its author may do it is not looked at."""
    target = public(random.choice(NAMES))
    match random.randrange(8):
        case 0 | 1:
            return join(device.group, random.choice(NAMES))
        case 2:
            return do.Remove(target, ban=random.random() < 0.2)
        case 3 | 4:
            return do.SetRole(target, random.choice(list(Role)))
        case 5:
            return do.SetSettings(do.Change(name=f"Hikers {random.randrange(9)}"))
        case 6:
            return do.Leave()
        case _:
            return do.Delete(target, random.randrange(1, 4))


def lived(random: Random) -> tuple[Signed, list[Signed]]:
    """Return all entries of a group that is written on three devices at the same time."""
    first = founded()
    start = Device(first)
    start.let_in("a", Role.ADMIN)
    start.let_in("b", Role.MODERATOR)
    devices = [start, start.copy(), start.copy()]
    for _ in range(random.randrange(5, 40)):
        device = random.choice(devices)
        if random.random() < 0.3:
            for node in random.choice(devices).log.nodes.values():
                device.log.add(node.signed)
        signed = device.write(random.choice(NAMES), drawn(random, device))
        try:
            device.log.add(signed)
        except RemoteProtocolError:
            assert signed.hash not in device.log.nodes
    return first, [node.signed for node in merged(*devices).log.nodes.values()]


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_any_order_gives_the_same_state(seed: int) -> None:
    random = Random(seed)
    first, entries = lived(random)
    whole = Device(first)
    for signed in entries:
        whole.log.add(signed)
    for _ in range(3):
        random.shuffle(entries)
        other = Log(first.entry.group)
        taken = [each for signed in entries for each in other.add(signed)]
        assert len(taken) == len(entries)
        assert other.state == whole.log.state
        assert other.heads == whole.log.heads


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_nobody_has_a_right_that_no_owner_or_admin_gave(seed: int) -> None:
    """Whoever is in, or above a member, was let in or raised by somebody with that right."""
    first, entries = lived(Random(seed))
    log = Log(first.entry.group)
    for signed in entries:
        log.add(signed)
    for key, member in log.state.members.items():
        if key == first.entry.author:
            continue
        given = {
            int(signed.action.role)
            for signed in entries
            if isinstance(signed.action, do.SetRole)
            and signed.action.target == key
            and signed.entry.author != key
        }
        assert member.role in {Role.MEMBER, *given} or _lowered_itself(entries, key, member.role)
        assert any(
            isinstance(signed.action, do.Join) and ticket_of(signed.action).key == key
            for signed in entries
        )


def _lowered_itself(entries: list[Signed], key: bytes, role: int) -> bool:
    return any(
        isinstance(signed.action, do.SetRole)
        and signed.entry.author == signed.action.target == key
        and signed.action.role == role
        for signed in entries
    )


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_removed_stay_out_until_somebody_who_knew_lets_them_in(seed: int) -> None:
    first, entries = lived(Random(seed))
    log = Log(first.entry.group)
    for signed in entries:
        log.add(signed)
    for node in log.nodes.values():
        if not isinstance(node.signed.action, do.Remove):
            continue
        target = node.signed.action.target
        later = [
            other
            for other in log.nodes.values()
            if other.saw(node)
            and isinstance(other.signed.action, do.Join)
            and ticket_of(other.signed.action).key == target
        ]
        assert later or target not in log.state.members


# What another program would find, byte for byte

VECTORS: Final = json.loads(Path(__file__).parents[3].joinpath("vectors/groups.json").read_text())


def packed(vector: dict[str, Any], what: str = "entry") -> bytes:
    return bytes.fromhex(vector["signature"] + vector[what])


def test_the_vectors_are_what_their_generator_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate_groups, "OUT", tmp_path / "groups.json")
    generate_groups.main()
    assert json.loads((tmp_path / "groups.json").read_text()) == VECTORS


def test_the_log_of_the_vectors_leads_to_its_state() -> None:
    log = Log(bytes.fromhex(VECTORS["group"]))
    roles = []
    member = SigningKey(Secret(bytes.fromhex(VECTORS["member"]))).public
    for vector in VECTORS["entries"]:
        signed = Signed.unpack(packed(vector))
        assert signed.genuine
        assert signed.hash.hex() == vector["hash"]
        assert log.add(signed) == [signed]
        roles.append(log.state.role(member))
    assert roles == [-1, 1, 2, 2, 2, 2, 2, -1]
    found = log.state.settings
    assert (found.name, found.description, found.approval) == ("Hikers", "Sundays", True)
    assert log.state.deleted == {(member, 1)}


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_what_the_vectors_refuse_is_refused(vector: dict[str, Any]) -> None:
    log = Log(bytes.fromhex(VECTORS["group"]))
    log.add(Signed.unpack(packed(VECTORS["entries"][0])))
    signed = Signed.unpack(packed(vector))
    forged = {"a ticket that nobody signed", "signed by somebody else"}
    assert signed.genuine is (vector["name"] not in forged)
    if signed.genuine:
        with pytest.raises(RemoteProtocolError):
            log.add(signed)


def test_the_posts_of_the_vectors_are_a_chain() -> None:
    group, owner = bytes.fromhex(VECTORS["group"]), bytes.fromhex(VECTORS["owner"])
    prev = first_hash(group, SigningKey(Secret(owner)).public)
    for seq, vector in enumerate(VECTORS["posts"], 1):
        signed = SignedPost.unpack(packed(vector, "post"))
        assert signed.genuine
        assert (signed.post.seq, signed.post.prev) == (seq, prev)
        assert content.decode(signed.post.payload) == Text(vector["text"])
        prev = signed.hash

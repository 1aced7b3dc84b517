"""Entries as bytes."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, strategies as st
from tests.sdk.core.groups.founding import BOX, Device, founded, join, key_of

from graphchat.core.groups import actions as do, entry as entries
from graphchat.core.groups.actions import Role
from graphchat.core.groups.entry import Signed, Ticket
from graphchat.errors import LocalProtocolError, RemoteProtocolError


@pytest.mark.parametrize(
    "action",
    [
        do.Invite(bytes(32)),
        join(founded().entry.group, "a"),
        do.Leave(),
        do.Remove(bytes(32), ban=True),
        do.SetRole(bytes(32), Role.ADMIN),
        do.SetSettings(do.Change(name="New", history=5)),
        do.Host("GRAPHCHAT:ADDRESS/AAAA"),
        do.Mute(bytes(32), 5),
        do.Delete(bytes(32), 7),
    ],
)
def test_each_action_survives_the_way(action: do.Action) -> None:
    signed = Device(founded()).write("o", action)
    read = Signed.unpack(signed.pack())
    assert read == signed
    assert read.action == action
    assert read.genuine


def test_the_first_entry_names_its_own_group() -> None:
    first = Signed.unpack(founded().pack())
    assert first.genuine
    stolen = msgspec.structs.replace(first.entry, group=bytes(16))
    assert isinstance(first.action, do.Create)
    assert not entries.sign(key_of("o"), stolen, first.action).genuine


def test_a_changed_entry_is_not_genuine() -> None:
    signed = Device(founded()).write("o", do.Invite(bytes(32)))
    changed = bytearray(signed.pack())
    changed[-1] ^= 1
    assert not Signed.unpack(bytes(changed)).genuine


def test_an_action_of_a_newer_version_is_kept() -> None:
    device = Device(founded())
    signed = device.write("o", do.Leave())
    raw = msgspec.Raw(msgspec.msgpack.encode([99, "whatever", 1]))
    entry = msgspec.structs.replace(signed.entry, action=raw)
    data = msgspec.msgpack.encode(entry)
    newer = Signed.unpack(bytes(64) + data)
    assert newer.action == do.Other(99)
    assert device.log.add(newer) == [newer]


@pytest.mark.parametrize("raw", [b"\x90", b"\x93\x04\x01\x02", b"\x92\x09\xc0", b"\xc1", b"\x05"])
def test_a_malformed_action_is_refused(raw: bytes) -> None:
    signed = Device(founded()).write("o", do.Leave())
    entry = msgspec.structs.replace(signed.entry, action=msgspec.Raw(raw))
    with pytest.raises(RemoteProtocolError):
        Signed.unpack(bytes(64) + msgspec.msgpack.encode(entry))


def test_hashes_before_an_entry_are_in_order() -> None:
    signed = Device(founded()).write("o", do.Leave())
    for prev in ((b"b" * 32, b"a" * 32), (b"a" * 32, b"a" * 32), ()):
        entry = msgspec.structs.replace(signed.entry, prev=prev)
        with pytest.raises(RemoteProtocolError):
            Signed.unpack(bytes(64) + msgspec.msgpack.encode(entry))


def test_what_is_too_long_is_neither_written_nor_read() -> None:
    device = Device(founded())
    long = do.SetSettings(do.Change(description="\U0001f6b6" * 1_000))
    assert Signed.unpack(device.write("o", long).pack()).genuine
    entry = msgspec.structs.replace(
        device.first.entry, action=msgspec.Raw(msgspec.msgpack.encode([99, bytes(9_000)]))
    )
    with pytest.raises(RemoteProtocolError, match="too long"):
        Signed.unpack(bytes(64) + msgspec.msgpack.encode(entry))
    with pytest.raises(LocalProtocolError):
        entries.sign(key_of("o"), entry, do.Leave())


def test_a_ticket_is_signed_by_its_holder() -> None:
    key = key_of("a")
    data, signature = entries.write_ticket(
        key, Ticket(bytes(16), key.public, BOX, "a", "person", 0)
    )
    assert entries.read_ticket(data, signature).key == key.public
    with pytest.raises(RemoteProtocolError, match="not signed"):
        entries.read_ticket(data, bytes(64))
    with pytest.raises(RemoteProtocolError):
        entries.read_ticket(data[:-1], signature)


@pytest.mark.parametrize("group", [bytes(16), founded().entry.group])
def test_an_entry_lets_in_only_who_signed_a_ticket_for_this_group(group: bytes) -> None:
    device, joined = Device(founded()), join(group, "a")
    assert device.write("o", joined).genuine == (group == device.group)
    assert not device.write("o", do.Join(joined.ticket, bytes(64))).genuine


def test_a_ticket_that_is_none_is_not_genuine() -> None:
    assert not Device(founded()).write("o", do.Join(b"x", bytes(64))).genuine


def test_an_author_with_many_heads_names_the_deepest() -> None:
    heads = {bytes([n]) * 32: n for n in range(12)}
    signed = entries.make(key_of("o"), bytes(16), heads, do.Leave(), 1)
    assert signed.entry.prev == tuple(bytes([n]) * 32 for n in range(4, 12))
    assert signed.entry.depth == 12


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        signed = Signed.unpack(data)
    except RemoteProtocolError:
        return
    assert replace(signed) == Signed.unpack(signed.pack())

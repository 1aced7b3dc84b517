import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, strategies as st
from tests.vectors import generate_messages

from graphchat.content import (
    MAX_MESSAGE,
    BotCommand,
    BotCommands,
    Choice,
    Choices,
    Delete,
    DeviceEnd,
    Edit,
    Form,
    FormAnswer,
    FormField,
    Image,
    LaneSeen,
    Location,
    Message,
    Option,
    Poll,
    ProfileCard,
    ProfileUpdate,
    Reaction,
    Read,
    ReceiptBody,
    Resend,
    Text,
    Timer,
    Typing,
    Unknown,
    Voice,
    Vote,
    Welcome,
    decode,
    encode,
)
from graphchat.content.codec import _TYPES, _Known
from graphchat.errors import ContentError, RemoteProtocolError

VECTORS: Final = json.loads((Path(__file__).parents[2] / "vectors" / "messages.json").read_text())
APART = ("group.", "device.", "intro.", "otr.")
SEQS = st.integers(1, 2**63 - 129)
STREAMS = st.binary(min_size=8, max_size=8)
LINES = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=30)
CARDS = st.builds(
    ProfileCard,
    LINES,
    st.sampled_from(["person", "bot", "device", "organisation", "bridge"]),
    st.none() | st.binary(min_size=1, max_size=50),
    LINES,
    st.text(max_size=30),
)
IDS = st.binary(min_size=16, max_size=16)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,31}", fullmatch=True)
REPLIES = st.just((b"", "")) | st.tuples(IDS, st.text(max_size=30))
NEW: st.SearchStrategy[Message] = st.one_of(
    st.builds(lambda text, reply: Text(text, *reply), st.text(max_size=50), REPLIES),
    st.builds(
        lambda data, *more: Voice(b"OggS" + data, *more),
        st.binary(max_size=50),
        st.integers(1, 3_600_000),
        st.binary(max_size=128),
    ),
    st.builds(
        Location,
        st.floats(-90, 90),
        st.floats(-180, 180),
        st.floats(0, 20_000_000),
        st.just("") | LINES,
        IDS,
        st.text(max_size=30),
    ),
    st.builds(
        lambda question, names, more: Choices(
            question, tuple(Option(name, question) for name in names), more
        ),
        LINES,
        st.lists(NAMES, min_size=1, max_size=5, unique=True),
        st.text(max_size=30),
    ),
    st.builds(Choice, IDS, NAMES, LINES),
    st.builds(
        Poll,
        LINES,
        st.lists(LINES, min_size=2, max_size=5, unique=True).map(tuple),
        st.booleans(),
        st.integers(0, 2**63 - 1),
    ),
    st.builds(
        lambda title, names: Form(title, tuple(FormField(name, title) for name in names)),
        LINES,
        st.lists(NAMES, min_size=1, max_size=5, unique=True),
    ),
    st.builds(
        FormAnswer,
        IDS,
        st.dictionaries(
            NAMES,
            st.text(max_size=30)
            | st.booleans()
            | st.integers(-(2**63) + 1, 2**63 - 1)
            | st.floats(allow_nan=False, allow_infinity=False),
            max_size=5,
        ),
    ),
    st.builds(Edit, IDS, st.text(max_size=50)),
    st.builds(Delete, IDS),
    st.builds(Reaction, IDS, st.sampled_from(["", "\U0001f44d", "\u2764\ufe0f"])),
    st.builds(Vote, IDS, st.sets(st.integers(0, 19)).map(lambda found: tuple(sorted(found)))),
    st.builds(ProfileUpdate, CARDS),
    st.builds(Timer, st.integers(0, 366 * 86_400), SEQS),
    st.builds(Read, IDS),
    st.builds(Typing, st.booleans()),
)
OLD: st.SearchStrategy[Message] = st.one_of(
    st.builds(Text, st.text(max_size=50)),
    st.builds(
        Image,
        st.binary(min_size=1, max_size=50),
        st.sampled_from(["image/png", "image/jpeg", "image/webp"]),
        st.integers(1, 16_384),
        st.integers(1, 16_384),
        st.binary(max_size=50),
        st.text(max_size=30),
    ),
    st.builds(Welcome, CARDS),
    st.builds(
        ReceiptBody,
        STREAMS,
        SEQS,
        st.integers(0, 2**63 - 1),
        st.binary(min_size=64, max_size=64),
        st.lists(
            st.builds(LaneSeen, st.integers(0, 2**53), SEQS, SEQS),
            min_size=1,
            max_size=16,
            unique_by=lambda seen: seen.number,
        ).map(tuple),
    ),
    st.builds(lambda s, f, n: Resend(s, f, f + n), STREAMS, SEQS, st.integers(0, 127)),
    st.lists(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,31}", fullmatch=True), unique=True, max_size=5)
    .map(lambda names: tuple(BotCommand(name, f"does {name}") for name in names))
    .map(BotCommands),
)
KNOWN = NEW | OLD
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
TYPES = st.sampled_from(sorted(_TYPES))


def pack(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


@given(KNOWN)
def test_decode_is_the_inverse_of_encode(message: Message) -> None:
    assert decode(encode(message)) == message


@given(KNOWN, st.dictionaries(st.text(), VALUES, max_size=3))
def test_fields_of_a_newer_version_do_no_harm(message: Message, extra: dict[str, Any]) -> None:
    fields = msgspec.msgpack.decode(encode(message), type=dict[str, Any])
    assert decode(pack(extra | fields)) == message


@given(
    st.dictionaries(st.text(), VALUES, max_size=4), st.text("abc.-_09", min_size=1, max_size=64)
)
def test_a_message_of_an_unknown_type_is_kept_byte_for_byte(
    fields: dict[str, Any], kind: str
) -> None:
    data = pack(fields | {"type": kind})
    message = decode(data)
    assert message == Unknown(kind, data)
    assert encode(message) == data


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_never_crash(data: bytes) -> None:
    try:
        message = decode(data)
    except RemoteProtocolError:
        return
    assert decode(encode(message)) == message


@given(TYPES, st.dictionaries(st.sampled_from(["text", "data", "stream", "seq", "lanes"]), VALUES))
def test_known_types_with_wrong_fields_are_refused(kind: str, fields: dict[str, Any]) -> None:
    try:
        message = decode(pack({"type": kind} | fields))
    except RemoteProtocolError:
        return
    assert isinstance(message, Text | BotCommands | DeviceEnd)


@given(KNOWN, st.data())
def test_a_message_that_is_cut_or_padded_is_refused(message: Message, data: st.DataObject) -> None:
    wire = encode(message)
    cut = data.draw(st.integers(0, len(wire) - 1))
    for bad in (wire[:cut], wire + b"\xc0"):
        with pytest.raises(RemoteProtocolError):
            decode(bad)


@pytest.mark.parametrize(
    "data",
    [
        pack([]),
        pack({}),
        pack({"type": 5}),
        pack({"type": ""}),
        pack({"type": "a" * 65}),
        pack({"type": "a\x1b[2J"}),
        pack({"type": "naïve"}),
        pack({1: 2, "type": "text"}),
        pack({"type": "text", "text": b"bytes"}),
        pack({"type": "text", "text": "a" * 100_001}),
        pack({"type": "welcome", "profile": {"name": "a\u202eb", "kind": "person"}}),
        pack({"type": "welcome", "profile": {"name": "a", "kind": "pirate"}}),
        pack({"type": "resend", "stream": bytes(8), "first": 1, "last": 129}),
        b"\x81\xa4type\xa2\xff\xfe",
        b"\x82\xa4type\xa4text\xa4text\xa2\xff\xfe",
        b"\x82\xa4type\xa1x\xa1v" + b"\x91" * 100_000 + b"\xc0",
    ],
)
def test_what_breaks_the_rules_is_refused_without_quoting_it(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode(data)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert "pirate" not in str(caught.value)


def test_a_message_larger_than_any_envelope_is_refused_before_it_is_read() -> None:
    fits = pack({"type": "x", "fill": bytes(MAX_MESSAGE - 18)})
    assert len(fits) == MAX_MESSAGE
    assert decode(fits) == Unknown("x", fits)
    with pytest.raises(RemoteProtocolError, match="larger"):
        decode(pack({"type": "x", "fill": bytes(MAX_MESSAGE - 17)}))


def test_the_largest_messages_of_each_kind_fit() -> None:
    picture = Image(
        bytes(700_000), "image/webp", 16_384, 16_384, bytes(16_384), "\U0001f98a" * 1000
    )
    commands = [BotCommand(f"c{n:031}", "\U0001f98a" * 300) for n in range(200)]
    for message in (Text("\U0001f98a" * 100_000), picture, BotCommands(tuple(commands))):
        assert len(encode(message)) <= MAX_MESSAGE


def test_the_bytes_on_the_wire_stay_what_they_are() -> None:
    assert encode(Text("hi")) == b"\x82\xa4type\xa4text\xa4text\xa2hi"
    assert encode(Welcome(ProfileCard("A", "bot"))) == (
        b"\x82\xa4type\xa7welcome\xa7profile\x82\xa4name\xa1A\xa4kind\xa3bot"
    )
    assert encode(Resend(bytes(8), 1, 2)) == (
        b"\x84\xa4type\xa6resend\xa6stream\xc4\x08" + bytes(8) + b"\xa5first\x01\xa4last\x02"
    )
    assert encode(BotCommands((BotCommand("go", "Go."),))) == (
        b"\x82\xa4type\xacbot.commands\xa8commands\x91\x82\xa4name\xa2go\xa4help\xa3Go."
    )


@pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda vector: vector["name"])
def test_a_message_has_the_bytes_of_its_vector(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["payload"])
    message = decode(data)
    assert not isinstance(message, Unknown)
    assert encode(message) == data


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_what_a_vector_refuses_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(RemoteProtocolError):
        decode(bytes.fromhex(vector["payload"]))


def test_the_vectors_are_what_their_generator_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate_messages, "OUT", tmp_path / "messages.json")
    generate_messages.main()
    assert json.loads((tmp_path / "messages.json").read_text()) == VECTORS


def test_there_is_a_vector_of_every_type_that_other_files_do_not_have() -> None:
    found = {
        decode(bytes.fromhex(vector["payload"])).__struct_config__.tag
        for vector in VECTORS["messages"]
    }
    # Those that have properties of their own.
    others = {name for name in _TYPES if not name.startswith(APART)}
    assert others - found == {"welcome", "receipt", "resend", "bot.commands"}


def test_every_known_type_has_its_name() -> None:
    kinds = {struct.__struct_config__.tag for struct in _Known.__args__}
    assert kinds == _TYPES


def test_what_breaks_a_limit_cannot_be_made_at_all() -> None:
    with pytest.raises(ContentError):
        encode(Text("\ud83e"))

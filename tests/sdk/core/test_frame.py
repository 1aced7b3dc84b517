import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import example, given, strategies as st
from hypothesis.strategies import SearchStrategy
from tests.vectors import generate_frames

from graphchat.content import ReceiptBody, decode as decode_message
from graphchat.core import frame as frames
from graphchat.core.frame import NO_HASH, Frame, Kind
from graphchat.crypto.keys import SigningKey, verify
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret

VECTORS: Final = json.loads(Path(__file__).parents[2].joinpath("vectors/frames.json").read_text())
NOW_MS: Final = 1_700_000_000_000
CID: Final = ConnectionId(b"c" * 16)

NUMBERS: Final = st.integers(1, 2**53)
HASHES: Final = st.binary(min_size=32, max_size=32)


def some_frames(
    kinds: list[Kind], seqs: SearchStrategy[int], prevs: SearchStrategy[bytes]
) -> SearchStrategy[Frame]:
    return st.builds(
        Frame,
        kind=st.sampled_from(kinds),
        id=st.binary(min_size=16, max_size=16),
        stream=st.binary(min_size=8, max_size=8),
        seq=seqs,
        ts_ms=st.integers(0, 2**53),
        prev=prevs,
        payload=st.binary(max_size=300),
    )


FRAMES: Final = st.one_of(
    some_frames([Kind.CONTENT, Kind.CONTROL, Kind.CHUNK], NUMBERS, HASHES),
    some_frames([Kind.RECEIPT, Kind.COVER], st.just(0), st.just(NO_HASH)),
)
GOOD: Final = Frame(Kind.CONTENT, b"i" * 16, b"s" * 8, 1, NOW_MS, NO_HASH, b"x")


def decode(data: bytes) -> Frame:
    return frames.decode(data)


@given(FRAMES)
def test_a_frame_comes_back_as_it_was(frame: Frame) -> None:
    assert decode(frames.encode(frame)) == frame


@given(FRAMES, st.data())
def test_every_other_encoding_is_refused(frame: Frame, data: st.DataObject) -> None:
    good = frames.encode(frame)
    where = data.draw(st.integers(0, len(good) - 1))
    changed = bytearray(good)
    changed[where] ^= data.draw(st.integers(1, 255))
    for bad in (bytes(changed), good[:where], good[:where] + b"\0" + good[where:]):
        # It is another frame, or none: one frame has one form.
        try:
            other = decode(bad)
        except RemoteProtocolError:
            continue
        assert other != frame
        assert frames.encode(other) == bad


# MessagePack in more bytes than it needs: array 16, integers of 16, 32 and 64 bits, bin 32.
LONGER: Final = {
    "array": lambda data: b"\xdc\x00\x07" + data[1:],
    "kind": lambda data: data[:1] + b"\xcc\x00" + data[2:],
    "number": lambda data: data.replace(b"ssssssss\x01", b"ssssssss\xcd\x00\x01"),
    "payload": lambda data: data[:-3] + b"\xc6\x00\x00\x00\x01x",
    "id as text": lambda data: data.replace(b"\xc4\x10", b"\xd9\x10"),
    "number as a float": lambda data: data.replace(
        b"ssssssss\x01", b"ssssssss\xca\x3f\x80\x00\x00"
    ),
    "number as a boolean": lambda data: data.replace(b"ssssssss\x01", b"ssssssss\xc3"),
}


@pytest.mark.parametrize("form", LONGER)
def test_only_the_shortest_form_of_each_field_is_taken(form: str) -> None:
    good = frames.encode(GOOD)
    bad = LONGER[form](good)
    assert bad != good
    with pytest.raises(RemoteProtocolError):
        decode(bad)


@pytest.mark.parametrize(
    "fields",
    [
        [0, b"i" * 16, b"s" * 8, 1, 0, NO_HASH],
        [0, b"i" * 16, b"s" * 8, 1, 0, NO_HASH, b"", 0],
        [6, b"i" * 16, b"s" * 8, 1, 0, NO_HASH, b""],
        [-1, b"i" * 16, b"s" * 8, 1, 0, NO_HASH, b""],
        [0, b"i" * 15, b"s" * 8, 1, 0, NO_HASH, b""],
        [0, b"i" * 16, b"s" * 9, 1, 0, NO_HASH, b""],
        [0, b"i" * 16, b"s" * 8, 2**53 + 1, 0, NO_HASH, b""],
        [0, b"i" * 16, b"s" * 8, 1, -1, NO_HASH, b""],
        [0, b"i" * 16, b"s" * 8, 1, 0, NO_HASH[1:], b""],
        [0, b"i" * 16, b"s" * 8, 1, 0, NO_HASH, "text"],
        [0, b"i" * 16, b"s" * 8, 1, 0, NO_HASH, None],
    ],
)
def test_fields_that_do_not_fit_are_refused(fields: list[object]) -> None:
    with pytest.raises(RemoteProtocolError, match="malformed"):
        decode(msgspec.msgpack.encode(fields))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seq": 0}, "a number that its kind does not have"),
        ({"kind": Kind.RECEIPT}, "a number that its kind does not have"),
        ({"kind": Kind.COVER, "seq": 0, "prev": b"p" * 32}, "names a predecessor"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(RemoteProtocolError, match=says):
        decode(frames.encode(msgspec.structs.replace(GOOD, **changes)))


@given(st.binary(max_size=400))
@example(b"\x91" * 100_000)
@example(b"\x97" + b"\xc1" * 7)
@example(b"\xdf\xff\xff\xff\xff")
def test_no_bytes_do_more_than_being_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode(data)


PIECES: Final = st.one_of(
    st.integers(0, 255).map(lambda byte: bytes([byte])),
    st.sampled_from([b"\xc4\x10" + b"i" * 16, b"\xc4\x08" + b"s" * 8, b"\xc4\x20" + NO_HASH]),
    st.one_of(st.none(), st.booleans(), st.integers(0, 2**64 - 1), st.text(), st.floats()).map(
        msgspec.msgpack.encode
    ),
)


@given(st.lists(PIECES, max_size=9))
def test_no_array_of_seven_does_more_than_being_refused(pieces: list[bytes]) -> None:
    data = b"\x97" + b"".join(pieces)
    try:
        frame = decode(data)
    except RemoteProtocolError:
        return
    assert frames.encode(frame) == data


def test_what_a_signature_says_depends_on_everything() -> None:
    key = SigningKey(Secret(bytes(32)))
    data = frames.encode(GOOD)
    signature = frames.sign(key, CID, GOOD, data)
    frames.check(key.public, CID, GOOD, data, signature)
    changes: list[dict[str, Any]] = [
        {"kind": Kind.CONTROL},
        {"id": b"j" * 16},
        {"stream": b"t" * 8},
        {"seq": 2},
        {"ts_ms": 0},
        {"prev": b"p" * 32},
        {"payload": b"y"},
    ]
    for change in changes:
        other = msgspec.structs.replace(GOOD, **change)
        with pytest.raises(RemoteProtocolError, match="not signed by its author"):
            frames.check(key.public, CID, other, frames.encode(other), signature)
    with pytest.raises(RemoteProtocolError):
        frames.check(key.public, ConnectionId(bytes(16)), GOOD, data, signature)
    with pytest.raises(RemoteProtocolError):
        frames.check(bytes(32), CID, GOOD, data, signature)


# The published vectors


def test_the_vectors_are_what_their_generator_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate_frames, "OUT", tmp_path / "frames.json")
    generate_frames.main()
    assert json.loads((tmp_path / "frames.json").read_text()) == VECTORS


def vector_id(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=vector_id)
def test_the_vectors_of_frames_hold(vector: dict[str, Any]) -> None:
    cid = ConnectionId(bytes.fromhex(VECTORS["cid"]))
    key = SigningKey(Secret(bytes.fromhex(VECTORS["proof_key"])))
    frame = Frame(
        Kind(vector["kind"]),
        bytes.fromhex(vector["id"]),
        bytes.fromhex(vector["stream"]),
        vector["seq"],
        vector["ts_ms"],
        bytes.fromhex(vector["prev"]),
        bytes.fromhex(vector["payload"]),
    )
    data = bytes.fromhex(vector["frame"])
    assert frames.encode(frame) == data
    assert frames.decode(data) == frame
    assert frames.sign(key, cid, frame, data).hex() == vector["signature"]
    assert key.public.hex() == VECTORS["proof_public"]
    if frame.kind.in_stream:
        assert frames.next_hash(frame.prev, data).hex() == vector["head"]
    else:
        assert sha256(data).hexdigest() == vector["head"]


def test_the_frames_of_the_vectors_are_a_chain() -> None:
    cid = ConnectionId(bytes.fromhex(VECTORS["cid"]))
    chained = [vector for vector in VECTORS["frames"] if vector["seq"]]
    stream = bytes.fromhex(chained[0]["stream"])
    assert [vector["seq"] for vector in chained] == list(range(1, len(chained) + 1))
    heads = [frames.first_hash(cid, stream).hex(), *(vector["head"] for vector in chained)]
    assert [vector["prev"] for vector in chained] == heads[:-1]


def test_a_chain_can_be_followed_by_those_who_see_only_hashes() -> None:
    cid = ConnectionId(bytes.fromhex(VECTORS["cid"]))
    chained = [vector for vector in VECTORS["frames"] if vector["seq"]]
    head = frames.first_hash(cid, bytes.fromhex(chained[0]["stream"]))
    for vector in chained:
        head = frames.next_link(head, sha256(bytes.fromhex(vector["frame"])).digest())
        assert head.hex() == vector["head"]


@pytest.mark.parametrize("vector", VECTORS["receipts"], ids=vector_id)
def test_the_vectors_of_receipts_hold(vector: dict[str, Any]) -> None:
    cid = ConnectionId(bytes.fromhex(VECTORS["cid"]))
    statement = frames.receipt_statement(
        cid,
        bytes.fromhex(vector["stream"]),
        vector["seq"],
        bytes.fromhex(vector["head"]),
        vector["ts_ms"],
    )
    assert statement.hex() == vector["statement"]
    signature = bytes.fromhex(vector["signature"])
    assert verify(bytes.fromhex(vector["receiver_public"]), statement, signature)
    body = decode_message(bytes.fromhex(vector["payload"]))
    assert isinstance(body, ReceiptBody)
    assert body.stream.hex() == vector["stream"]
    assert (body.seq, body.ts_ms, body.signature) == (vector["seq"], vector["ts_ms"], signature)
    assert [[seen.number, seen.seq, seen.missing] for seen in body.lanes] == vector["lanes"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=vector_id)
def test_the_vectors_of_refused_frames_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError):
        frames.decode(bytes.fromhex(vector["frame"]))

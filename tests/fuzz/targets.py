"""What must hold for any bytes that a stranger sends: one function for each parser.

A target returns where its parser accepts or refuses the bytes as it promises, and raises for
everything else. `make fuzz` drives them by coverage, `test_targets.py` with hypothesis.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from math import isqrt
from pathlib import Path
from typing import Final, Literal, TypeAlias

from PIL import Image
from tests.fuzz.relay import rest_request, socket_talk
from tests.sdk.core.proof import cases

from graphchat import content
from graphchat.client.files import disk
from graphchat.codes import Code, GroupCode, qr
from graphchat.content.files import CHUNK
from graphchat.content.pictures import open_picture
from graphchat.content.voice import make_voice
from graphchat.core import chunks, frame as frames, proof
from graphchat.core.groups.entry import Signed as SignedEntry
from graphchat.core.groups.post import SignedPost
from graphchat.core.handshake import CodeKeys, read_confirmation
from graphchat.crypto import aead, agreement, archive, envelope, handshake
from graphchat.crypto.agreement import Side
from graphchat.crypto.keys import AgreementKey, verify
from graphchat.crypto.ratchet import Ratchet
from graphchat.errors import (
    CodeError,
    ContentError,
    DecryptionError,
    LocalProtocolError,
    RemoteProtocolError,
    StoreError,
)
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.wire import frames as socket_frames, rest, uri
from graphchat.wire.codec import InvalidObjectError
from graphchat.wire.limits import S, size_class
from graphchat.wire.signing import Authorization
from graphchat.wire.socket import Invalid
from graphchat_bots.arguments import Argument, parse
from graphchat_bots.convert import Rest, converter
from graphchat_bots.errors import ArgumentError
from graphchat_relay.rfc6455 import FrameError, Parser

Target: TypeAlias = Callable[[bytes], None]

BODIES: Final = (
    *(rest.CreateQueue, rest.CreatedQueue, rest.SecureQueue, rest.SendMessage),
    *(rest.Message, rest.MessageList, rest.Refusal),
)
SIDE: Final = 256


def text_of(data: bytes) -> str:
    return data.decode(errors="replace")


def relay_address(data: bytes) -> None:
    try:
        address = uri.RelayAddress.parse(text_of(data))
    except CodeError:
        return
    assert uri.RelayAddress.parse(address.text) == address


def queue_uri(data: bytes) -> None:
    text = text_of(data)
    try:
        queue, base = uri.queue_id(text), uri.base_of(text)
    except RemoteProtocolError:
        return
    assert len(queue) == uri.ID_BYTES
    assert text.startswith(base)


def authorization(data: bytes) -> None:
    try:
        read = Authorization.parse(text_of(data))
    except RemoteProtocolError:
        return
    assert Authorization.parse(read.header) == read


def rest_body(data: bytes) -> None:
    for kind in BODIES:
        try:
            body = rest.decode(kind, data)
        except InvalidObjectError:
            continue
        assert rest.decode(kind, rest.encode(body)) == body


def client_frame(data: bytes) -> None:
    for frame in (data, text_of(data)):
        found = socket_frames.decode_client(frame)
        objects = [one for one in found if not isinstance(one, Invalid)]
        refused = [one for one in found if isinstance(one, Invalid)]
        if objects:
            assert socket_frames.decode_client(socket_frames.encode_binary(objects)) == objects
            assert socket_frames.decode_client(socket_frames.encode_text(objects)) == objects
        if refused:
            assert socket_frames.decode_server(socket_frames.encode_text(refused)) == refused


def websocket_stream(data: bytes) -> None:
    whole = _heard([data])
    assert _heard([data[place : place + 1] for place in range(len(data))]) == whole
    assert _heard([data[:7], data[7:]]) == whole


def _heard(parts: list[bytes]) -> list[object]:
    parser, found = Parser(SIDE), list[object]()
    for part in parts:
        parser.feed(part)
        try:
            while (event := parser.next()) is not None:
                found.append(event)
        except FrameError as error:
            found.append(error.code)
    return found


def server_frame(data: bytes) -> None:
    for frame in (data, text_of(data)):
        try:
            found = socket_frames.decode_server(frame)
        except InvalidObjectError:
            continue
        if found:
            assert socket_frames.decode_server(socket_frames.encode_binary(found)) == found


def message(data: bytes) -> None:
    try:
        read = content.decode(data)
    except RemoteProtocolError:
        return
    assert content.decode(content.encode(read)) == read


def recording(data: bytes) -> None:
    try:
        made = make_voice(data)
    except ContentError:
        return
    assert content.decode(content.encode(made)) == made


def picture(data: bytes) -> None:
    try:
        opened = open_picture(data, SIDE)
    except ContentError:
        return
    assert max(opened.size) <= SIDE


def code(data: bytes) -> None:
    try:
        read = Code.parse(text_of(data))
    except CodeError:
        return
    assert Code.parse(read.text) == read
    # One code has one spelling, but for what stands round it.
    assert text_of(data).strip().upper().endswith(read.text.partition("/")[2])


def qr_code(data: bytes) -> None:
    side = isqrt(len(data))
    if side == 0:
        return
    try:
        qr.read(Image.frombytes("L", (side, side), data[: side * side]))
    except CodeError:
        return


def frame(data: bytes) -> None:
    try:
        read = frames.decode(data)
    except RemoteProtocolError:
        return
    assert frames.encode(read) == data


CLOCK: Final = FakeClock(b"fuzz")
CID: Final = ConnectionId(bytes(16))
ALICE: Final = Side(AgreementKey.generate(CLOCK), AgreementKey.generate(CLOCK))
BOB: Final = Side(AgreementKey.generate(CLOCK), AgreementKey.generate(CLOCK))
KEYS: Final = CodeKeys(bytes(32), bytes(16), Secret(bytes(32)), is_address=False)
AGREED: Final = agreement.agree_as_bob(
    BOB, ALICE.connection.public, ALICE.ratchet.public, KEYS.hash, KEYS.psk
)
LANE: Final = agreement.lane_secrets(AGREED.ms0, 0)
RATCHET: Final = Ratchet.responder(LANE, ALICE.ratchet, kem=True)


def confirmation(data: bytes) -> None:
    """Open what somebody who knows the code may send: sealed well, with anything inside."""
    try:
        sealed = handshake.seal_confirmation(AGREED, ALICE.ratchet.public, data, CLOCK)
    except LocalProtocolError:
        return
    try:
        read_confirmation(KEYS, ALICE, ALICE.ratchet, sealed)
    except RemoteProtocolError:
        return
    raise AssertionError("a confirmation without a signature was accepted")


def sealed_envelope(data: bytes) -> None:
    """Open what a malicious contact may send: a header of its choice under the right key."""
    header = data[: envelope.HEADER].ljust(envelope.HEADER, b"\0")
    start = aead.seal(LANE.bob_header, header, CID, CLOCK)
    body = data[envelope.HEADER :]
    whole = (start + body).ljust(size_class(min(len(start + body), S)), b"\0")
    before = RATCHET.encode()
    try:
        RATCHET.open(whole, CID, CLOCK)
    except DecryptionError:
        assert RATCHET.encode() == before
        return
    raise AssertionError("an envelope was opened that nobody sealed")


def envelope_body(data: bytes) -> None:
    data = data.ljust(envelope.BODY_START, b"\0")
    try:
        inner, signature = envelope.unpack_body(data)
    except DecryptionError:
        return
    assert data.startswith(len(inner).to_bytes(4, "big"))
    assert inner + signature in data


def argument(name: str, annotation: object) -> Argument:
    found = converter(annotation)
    assert found is not None
    return Argument(name, found, required=True)


ARGUMENTS: Final = tuple(
    argument(f"a{number}", annotation)
    for number, annotation in enumerate(
        (int, float, bool, timedelta, date, Literal["one", "two"], str, Rest)
    )
)


def command(data: bytes) -> None:
    text = text_of(data)
    for start in range(len(ARGUMENTS)):
        try:
            values = parse(ARGUMENTS[start:], text)
        except ArgumentError:
            continue
        assert len(values) == len(ARGUMENTS) - start


def proof_file(data: bytes) -> None:
    verdict = proof.verify(data)
    assert proof.in_words(verdict)
    try:
        bundle = proof.bundle.decode(data)
    except proof.bundle.FlawError:
        assert not verdict.valid
        return
    assert proof.bundle.encode(bundle) == data
    # Whoever makes a file can seal it; the other side has still said only what it said.
    resealed = proof.verify(cases.sealed(bundle))
    assert proof.listing(resealed)
    if resealed.findings is not None:
        said = [each.payload for each in resealed.findings.shown if each.author == "inviter"]
        assert set(said) <= SAID


SAID: Final = {
    record.payload for kept in cases.case().said[0] for record in kept.records if record.payload
}


def backup_head(data: bytes) -> None:
    try:
        head = archive.Head.parse(data)
    except StoreError:
        return
    assert data.startswith(head.signed + head.check)
    assert len(head.signed + head.check) == archive.HEAD_SIZE


def group_entry(data: bytes) -> None:
    try:
        entry = SignedEntry.unpack(data)
    except RemoteProtocolError:
        return
    assert SignedEntry.unpack(entry.pack()) == entry
    assert not entry.genuine or verify(
        entry.entry.author, b"gc/1 group" + entry.hash, entry.signature
    )


def group_post(data: bytes) -> None:
    try:
        post = SignedPost.unpack(data)
    except RemoteProtocolError:
        return
    assert SignedPost.unpack(post.pack()) == post


def file_chunk(data: bytes) -> None:
    """Whatever is sealed, what opens is as long as its place says, and opens nowhere else."""
    layout = chunks.Layout(CHUNK + 40, 2)
    padded = data.ljust(SMALL_CHUNK - aead.OVERHEAD, b"\0")[: SMALL_CHUNK - aead.OVERHEAD]
    place = b"gc/1 file" + layout.size.to_bytes(8, "big") + (1).to_bytes(4, "big") + b"\1"
    sealed = aead.seal(CHUNK_KEY, padded, place, FakeClock(b"seed"))
    found = chunks.find(CHUNK_KEY, layout, [0, 1], sealed)
    assert found is None or found == (1, padded[4:44])
    assert chunks.find(CHUNK_KEY, layout, [0, 1], data) is None


def file_name(data: bytes) -> None:
    name = disk.safe_name(text_of(data))
    assert Path(name).name == name
    assert name not in {"", ".", ".."}
    content.files.check_name(name)


CHUNK_KEY: Final = Secret(bytes(range(32)))
SMALL_CHUNK: Final = 49_152


def group_link(data: bytes) -> None:
    try:
        link = GroupCode.parse(text_of(data))
    except CodeError:
        return
    assert GroupCode.parse(link.text) == link


TARGETS: Final[Mapping[str, Target]] = {
    target.__name__: target
    for target in (
        *(relay_address, queue_uri, authorization, rest_body, client_frame, server_frame),
        *(websocket_stream, message, recording, picture, code, qr_code, frame),
        *(
            backup_head,
            confirmation,
            proof_file,
            sealed_envelope,
            envelope_body,
            command,
            file_chunk,
            file_name,
            group_entry,
            group_link,
            group_post,
            rest_request,
            socket_talk,
        ),
    )
}

"""Valid and nearly valid input for each target: from here a fuzzer finds the way inside."""

import json
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image
from tests.recordings import recording
from tests.sdk.core.proof import cases

from graphchat import content
from graphchat.codes import Code, CodeLane, Kind, qr
from graphchat.core import frame as frames
from graphchat.core.frame import NO_HASH, Frame, Kind as FrameKind
from graphchat.crypto import envelope
from graphchat.crypto.archive import Sealer
from graphchat.crypto.vault import Strength
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.wire import frames as socket_frames, rest
from graphchat.wire.signing import Authorization
from graphchat.wire.socket import Attach, DeleteMessage, Push, Send, Sent, Session, Subscribe

KEY: Final = bytes(range(32))
MOMENT: Final = 1_700_000_000_000
SIGNATURE: Final = bytes(64)
BASE: Final = "https://relay.example/q"
QUEUE: Final = f"{BASE}/{'A' * 24}"
LANE: Final = CodeLane(Fingerprint(KEY[:16]), BASE, QueueId(KEY[:18]), KEY)
CODE: Final = Code(Kind.INVITE, KEY[:16], Secret(KEY), KEY, (LANE, LANE))


def picture_file(kind: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, kind)
    return file.getvalue()


def grey_code() -> bytes:
    picture = qr.write(Code(Kind.ADDRESS, KEY[:16], None, KEY, (LANE,)).text)
    side = picture.width // 4
    return picture.resize((side, side)).convert("L").tobytes()


FRAME: Final = Frame(FrameKind.CONTENT, bytes(16), bytes(8), 1, MOMENT, KEY, b"text")
# The same, with its number in eight bytes where one is enough.
LONG_FRAME: Final = frames.encode(FRAME).replace(
    bytes(8) + b"\x01", bytes(8) + b"\xcf" + (1).to_bytes(8, "big")
)
CLIENT: Final = (
    Subscribe("1", QUEUE, SIGNATURE),
    Attach("2", QUEUE),
    Send("3", QUEUE, b"envelope"),
    DeleteMessage("4", QUEUE, "5"),
)
SERVER: Final = (
    Session("nonce", KEY),
    Push(QUEUE, rest.Message("1", 1_700_000_000, 4608, b"envelope")),
    Sent("3", ok=False, error="quota"),
)
VECTORS: Final = json.loads((Path(__file__).parents[1] / "vectors" / "messages.json").read_text())


def group_first() -> bytes:
    action = [0, {"name": "Hikers"}, "Alice", KEY]
    return msgspec.msgpack.encode([KEY[:16], [], 0, KEY, 5, action])


def group_second() -> bytes:
    return msgspec.msgpack.encode([KEY[:16], [KEY], 1, KEY, 5, [4, KEY, True]])


SEEDS: Final[dict[str, list[bytes]]] = {
    "relay_address": [f"{BASE}/token#{'A' * 22}".encode(), f"http://[::1]:80#{'A' * 22}".encode()],
    "queue_uri": [QUEUE.encode()],
    "authorization": [Authorization(1_700_000_000, "A" * 22, SIGNATURE).header.encode()],
    "rest_body": [
        rest.encode(rest.CreateQueue(KEY)),
        rest.encode(rest.CreatedQueue(QUEUE, QUEUE)),
        rest.encode(rest.MessageList([rest.Message("1", 1, 4608, b"envelope")], "2")),
    ],
    "client_frame": [
        socket_frames.encode_binary(CLIENT),
        socket_frames.encode_text(CLIENT).encode(),
    ],
    "server_frame": [
        socket_frames.encode_binary(SERVER),
        socket_frames.encode_text(SERVER).encode(),
    ],
    "message": [
        content.encode(content.Text("hello")),
        content.encode(
            content.ReceiptBody(
                bytes(8), 1, 1, SIGNATURE, (content.LaneSeen(0, 1), content.LaneSeen(17, 2, 3))
            )
        ),
        content.encode(content.Resend(bytes(8), 1, 2)),
        content.encode(content.BotCommands((content.BotCommand("help", "Help."),))),
        msgspec.msgpack.encode({"type": "of.later", "anything": [1, None]}),
        *(bytes.fromhex(vector["payload"]) for vector in VECTORS["messages"]),
        *(bytes.fromhex(vector["payload"]) for vector in VECTORS["refused"]),
    ],
    "recording": [recording()],
    "picture": [picture_file(kind) for kind in ("PNG", "JPEG", "WEBP")],
    "code": [
        CODE.text.encode(),
        f"https://example.org/#{CODE.text}".encode(),
        CODE.text.encode()[:-1] + b"B",  # spare bits that are not zero
        CODE.text.encode() + b"AA",
    ],
    "qr_code": [grey_code()],
    "frame": [
        frames.encode(FRAME),
        LONG_FRAME,
        frames.encode(Frame(FrameKind.RECEIPT, bytes(16), bytes(8), 0, MOMENT, NO_HASH, b"")),
    ],
    "proof_file": [
        cases.proof(),
        cases.proof(cases.only(cases.case(), ("inviter", 3)), whole=False),
    ],
    "backup_head": [Sealer("pass", 1, FakeClock(b"seed"), Strength(1, 8192)).head],
    "confirmation": [
        msgspec.msgpack.encode(
            {
                "lanes": [[KEY[:16], BASE, KEY[:18], KEY, KEY]],
                "proof": KEY,
                "signature": SIGNATURE,
                "profile": {"name": "Bob", "kind": "person"},
            }
        )
    ],
    "group_entry": [SIGNATURE + _entry() for _entry in (group_first, group_second)],
    "group_post": [
        SIGNATURE + msgspec.msgpack.encode([KEY[:16], KEY, 1, KEY, [KEY], 5, KEY[:16], b"payload"])
    ],
    "file_chunk": [(40).to_bytes(4, "big") + b"x" * 40, (41).to_bytes(4, "big") + b"x" * 41],
    "file_name": [b"plan.pdf", b"../../etc/passwd", b"CON.txt", "Grüße\u202e.exe".encode()],
    "group_link": [b"GRAPHCHAT:GROUP/" + b"AEAA" * 40],
    "sealed_envelope": [envelope.Header(KEY, 0, 0, bytes(1184), b"").pack()],
    "envelope_body": [envelope.pack_body(b"frame", SIGNATURE, None)[:100]],
    "command": [b'1 2.5 yes 1h30m 2030-12-31 one "a word" and the rest'],
    "websocket_stream": [
        b"\x81\x83\0\0\0\0abc" + b"\x82\x82\1\2\3\4ab" + b"\x89\x81\0\0\0\0p",
        b"\x01\x81\0\0\0\0a" + b"\x8a\x80\0\0\0\0" + b"\x80\xfe\0\x80\0\0\0\0" + bytes(128),
        b"\x88\x85\0\0\0\0\x03\xe8bye",
        b"\x82\xff\0\0\0\0\0\1\0\0\0\0\0\0",
    ],
    "rest_request": [
        b'POST /q\n{"recipient":"%s"}' % b64encode(KEY),
        b'SIGN PUT RU\n{"sender":"%s"}' % b64encode(KEY),
        b'POST SU/messages\n{"msg":"%s"}' % b64encode(bytes(4608)),
        b"SIGN GET RU/messages?fromMessageId=1\n",
        b"SIGN DELETE RU/messages/AAAA\n",
        b"SIGN DELETE RU\n",
        b"OPTIONS /q\n",
    ],
    "socket_talk": [
        b"\n".join(
            (
                b'{"type":"subscribe","id":"1","recipientURI":"RU","auth":"SIGN-RU"}',
                b'{"type":"attach","id":"2","senderURI":"SU"}',
                b'[{"type":"send","id":"3","senderURI":"SU","msg":"%s"}]' % b64encode(bytes(4608)),
                b'{"type":"delete_message","id":"4","recipientURI":"RU","messageId":"5"}',
                b'[{"type":"unsubscribe","id":"6","recipientURI":"RU"},{"id":"7"},1]',
            )
        )
    ],
}

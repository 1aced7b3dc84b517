"""Writes frames.json: frames, hashes, signatures and receipts by section 14.

It imports nothing of graphchat: MessagePack is written by hand, Ed25519 is that of
`cryptography`. Run ``python tests/vectors/generate_frames.py``; the result is always the same.
"""

import json
from collections.abc import Iterator
from hashlib import sha256, shake_128
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OUT: Final = Path(__file__).with_name("frames.json")
NOW_MS: Final = 1_767_225_600_000
KINDS: Final = {"content": 0, "control": 1, "receipt": 2, "chunk": 3, "cover": 4}
OUTSIDE: Final = {"receipt", "cover"}


def some(size: int, *names: object) -> bytes:
    return shake_128(repr(names).encode()).digest(size)


# MessagePack, as much as is needed, in its shortest form


def integer(value: int) -> bytes:
    if value < 0x80:
        return bytes([value])
    for mark, size in ((0xCC, 1), (0xCD, 2), (0xCE, 4)):
        if value < 1 << 8 * size:
            return bytes([mark]) + value.to_bytes(size, "big")
    return b"\xcf" + value.to_bytes(8, "big")


def binary(data: bytes) -> bytes:
    for mark, size in ((0xC4, 1), (0xC5, 2)):
        if len(data) < 1 << 8 * size:
            return bytes([mark]) + len(data).to_bytes(size, "big") + data
    return b"\xc6" + len(data).to_bytes(4, "big") + data


def string(text: str) -> bytes:
    data = text.encode()
    if len(data) < 0x20:
        return bytes([0xA0 | len(data)]) + data
    if len(data) < 1 << 8:
        return b"\xd9" + bytes([len(data)]) + data
    return b"\xda" + len(data).to_bytes(2, "big") + data


def array(items: list[bytes]) -> bytes:
    assert len(items) < 0x10
    return bytes([0x90 | len(items)]) + b"".join(items)


def mapping(fields: dict[str, bytes]) -> bytes:
    assert len(fields) < 0x10
    pairs = (string(name) + value for name, value in fields.items())
    return bytes([0x80 | len(fields)]) + b"".join(pairs)


# The frames

CID: Final = some(16, "cid")
STREAM: Final = some(8, "stream")
AUTHOR: Final = some(32, "proof key")
RECEIVER: Final = some(32, "proof key of the receiver")
SUCCESSOR: Final = some(32, "next proof key")


def public(key: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


def sign(key: bytes, statement: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(key).sign(statement)


def encoded(
    kind: int, name: bytes, numbers: tuple[int, int], prev: bytes, payload: bytes
) -> bytes:
    """Encode a frame; ``numbers`` are ``seq`` and ``ts_ms``."""
    middle = [integer(number) for number in numbers]
    fields = [integer(kind), binary(name), binary(STREAM), *middle, binary(prev), binary(payload)]
    return array(fields)


def contents() -> Iterator[tuple[str, str, bytes]]:
    """Yield kind, name and payload of each frame, in order."""
    profile = {"name": string("Alice"), "kind": string("person")}
    yield "control", "welcome", mapping({"type": string("welcome"), "profile": mapping(profile)})
    for name, text in (
        ("short text", "hello"),
        ("text that is not ASCII", "Grüße, 世界 🌍"),
        ("text of 300 characters", "x" * 300),
    ):
        yield "content", name, mapping({"type": string("text"), "text": string(text)})
    yield "content", "message of an unknown type", mapping({"type": string("later")})
    yield "content", "payload that is no message", b"\xc1"
    yield "content", "empty payload", b""
    resend = {"stream": binary(STREAM), "first": integer(3), "last": integer(130)}
    yield "receipt", "resend", mapping({"type": string("resend"), **resend})
    yield "cover", "cover", b""
    yield "chunk", "chunk", mapping({"type": string("chunk"), "data": binary(b"z" * 40)})


def written() -> Iterator[dict[str, object]]:
    head, seq = sha256(b"gc/1 stream" + CID + STREAM).digest(), 0
    for number, (kind, name, payload) in enumerate(contents()):
        message_id, ts_ms = some(16, number), NOW_MS + number * 1000
        if kind in OUTSIDE:
            place, prev = 0, bytes(32)
        else:
            seq += 1
            place, prev = seq, head
        data = encoded(KINDS[kind], message_id, (place, ts_ms), prev, payload)
        if kind in OUTSIDE:
            commits = sha256(data).digest()
            statement = b"gc/1 else" + CID + commits
        else:
            commits = head = sha256(b"gc/1 link" + prev + sha256(data).digest()).digest()
            statement = b"gc/1 sent" + CID + STREAM + seq.to_bytes(8, "big") + head
        yield {
            "name": name,
            "kind": KINDS[kind],
            "id": message_id.hex(),
            "stream": STREAM.hex(),
            "seq": place,
            "ts_ms": ts_ms,
            "prev": prev.hex(),
            "payload": payload.hex(),
            "frame": data.hex(),
            "head": commits.hex(),
            "statement": statement.hex(),
            "signature": sign(AUTHOR, statement).hex(),
        }


def receipts(chain: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    numbered = {vector["seq"]: str(vector["head"]) for vector in chain if vector["seq"]}
    for name, seq, lanes in (
        ("of the first", 1, [[0, 1, 0]]),
        ("of all, by two lanes", len(numbered), [[0, len(numbered), 0], [17, 4, 2]]),
        ("of some, by eight lanes", 5, [[lane, min(lane, 5), 0] for lane in range(8)]),
    ):
        ts_ms, head = NOW_MS + 60_000 + seq, bytes.fromhex(numbered[seq])
        place = STREAM + seq.to_bytes(8, "big")
        statement = b"gc/1 rcvd" + CID + place + head + ts_ms.to_bytes(8, "big")
        signature = sign(RECEIVER, statement)
        fields = {
            "type": string("receipt"),
            "stream": binary(STREAM),
            "seq": integer(seq),
            "ts_ms": integer(ts_ms),
            "signature": binary(signature),
            "lanes": array([array([integer(each) for each in seen]) for seen in lanes]),
        }
        yield {
            "name": name,
            "stream": STREAM.hex(),
            "seq": seq,
            "ts_ms": ts_ms,
            "head": head.hex(),
            "lanes": lanes,
            "statement": statement.hex(),
            "receiver_public": public(RECEIVER).hex(),
            "signature": signature.hex(),
            "payload": mapping(fields).hex(),
        }


def successor(last: int) -> dict[str, object]:
    """Return the change of the proof key that frame ``last + 1`` announces (section 18)."""
    key, from_seq = public(SUCCESSOR), last + 2
    statement = b"gc/1 next" + CID + STREAM + from_seq.to_bytes(8, "big") + key
    signature = sign(AUTHOR, statement)
    fields = {"type": string("key.next"), "key": binary(key), "signature": binary(signature)}
    return {
        "stream": STREAM.hex(),
        "from_seq": from_seq,
        "key": key.hex(),
        "statement": statement.hex(),
        "signature": signature.hex(),
        "payload": mapping(fields).hex(),
    }


def refused() -> Iterator[tuple[str, bytes]]:
    """Yield frames that a reader must refuse."""
    name, prev = some(16, "id"), some(32, "prev")
    good = encoded(0, name, (1, NOW_MS), prev, b"x")
    yield "empty", b""
    yield "cut", good[:-1]
    yield "something follows", good + b"\0"
    yield "six fields", b"\x96" + good[1 : -len(binary(b"x"))]
    yield "eight fields", b"\x98" + good[1:] + b"\0"
    yield "the array is not in its shortest form", b"\xdc\x00\x07" + good[1:]
    yield "the kind is not in its shortest form", good[:1] + b"\xcc\x00" + good[2:]
    yield "the payload is not in its shortest form", good[:-3] + b"\xc5\x00\x01x"
    yield "the payload is a string", good[:-3] + b"\xa1x"
    yield "unknown kind", encoded(5, name, (1, NOW_MS), prev, b"x")
    yield "a message id of 15 bytes", encoded(0, name[1:], (1, NOW_MS), prev, b"x")
    yield "content without a number", encoded(0, name, (0, NOW_MS), prev, b"x")
    yield "a receipt with a number", encoded(2, name, (1, NOW_MS), bytes(32), b"x")
    yield "a receipt with a predecessor", encoded(2, name, (0, NOW_MS), prev, b"x")
    yield "a number beyond 2 ** 53", encoded(0, name, (2**53 + 1, NOW_MS), prev, b"x")


def main() -> None:
    chain = list(written())
    vectors = {
        "cid": CID.hex(),
        "proof_key": AUTHOR.hex(),
        "proof_public": public(AUTHOR).hex(),
        "frames": chain,
        "receipts": list(receipts(chain)),
        "next": successor(max(int(str(vector["seq"])) for vector in chain)),
        "refused": [{"name": name, "frame": data.hex()} for name, data in refused()],
    }
    OUT.write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Writes codes.json: codes built by hand from section 10 of the specification.

It imports nothing of graphchat, so the vectors check the code and not themselves.
Run ``python tests/vectors/make_codes.py``; the result is the same every time.
"""

import json
from base64 import b32encode
from collections.abc import Iterator, Mapping
from hashlib import sha256, shake_128
from pathlib import Path
from typing import Final

OUT: Final = Path(__file__).with_name("codes.json")
LANE: Final = [(16, "relay"), (18, "sender_id"), (32, "ratchet_key")]

Lane = Mapping[str, str]
KINDS: Final = ("INVITE", "ADDRESS", "REKEY")


def some(size: int, *names: object) -> bytes:
    return shake_128(repr(names).encode()).digest(size)


def lane(base: str, *names: object) -> Lane:
    return {"base": base} | {field: some(size, field, *names).hex() for size, field in LANE}


def payload(  # noqa: PLR0913 - the parts in their order
    name: bytes,
    psk: bytes,
    key: bytes,
    lanes: list[Lane],
    version: int = 1,
    *,
    private: bool = False,
    work: int = 0,
    until: int = 0,
) -> bytes:
    count = len(lanes) | 0x80 * private | 0x40 * bool(work) | 0x20 * bool(until)
    parts = [bytes([version]), name, psk, key, bytes([count, work] if work else [count])]
    parts.append(until.to_bytes(4, "big") if until else b"")
    for each in lanes:
        base = each["base"].encode()
        parts += [bytes.fromhex(each["relay"]), bytes([len(base)]), base]
        parts += [bytes.fromhex(each["sender_id"]), bytes.fromhex(each["ratchet_key"])]
    return b"".join(parts)


def text(kind: str, data: bytes) -> str:
    return f"GRAPHCHAT:{kind}/{b32encode(data).decode().rstrip('=')}"


def valid() -> Iterator[dict[str, object]]:
    one, two = "https://relay.example/q", "http://127.0.0.1:8080/q"
    bases = [[one], [one, two], ["https://[2001:db8::1]:8443/a/b/q"], [one] * 8, [two], [one, one]]
    bases += [[one], [one] * 8]  # private
    kinds = [*KINDS[:2] * 4, "REKEY", "ADDRESS", "INVITE", "REKEY", "ADDRESS"]
    bases += [[one, two], [one, two]]  # the latter wants work
    bases += [[one, two], [one], [one]]  # these are good for some time
    for number, names in enumerate(bases):
        kind = kinds[number]
        name, key = some(16, number, "id"), some(32, number, "key")
        psk = some(32, number, "psk") if kind != "ADDRESS" else b""
        lanes = [lane(base, number, index) for index, base in enumerate(names)]
        private = number in {6, 7}
        work = 20 if number in {9, 12} else 0
        until = 1_800_000_000 + number if number >= 10 else 0
        data = payload(name, psk, key, lanes, private=private, work=work, until=until)
        yield {
            "kind": kind,
            "private": private,
            "work": work,
            "until": until,
            "id": name.hex(),
            "psk": psk.hex(),
            "agreement_key": key.hex(),
            "lanes": lanes,
            "text": text(kind, data),
            "hash": sha256(
                b"gc/1 code" + bytes([("INVITE", "ADDRESS", "REKEY").index(kind)]) + data
            ).hexdigest(),
        }


def refused() -> Iterator[tuple[str, str]]:
    """Yield what a reader must refuse: why, and the text."""
    name, key = some(16, "id"), some(32, "key")
    psk = some(32, "psk")
    good = [lane("https://relay.example/q", "lane")]
    data = payload(name, psk, key, good)
    whole = text("INVITE", data)
    yield "empty", ""
    yield "no code", "Hello, world"
    yield "no code", "https://relay.example/q#AAAAAAAAAAAAAAAAAAAAAA"
    yield "no code behind the #", "https://graphchat.example/join#"
    yield "no code behind the #", "https://graphchat.example/join"
    yield "http link", f"http://graphchat.example/join#{whole}"
    yield "newer version", text("INVITE", payload(name, psk, key, good, version=2))
    yield "damaged", text("INVITE", payload(name, psk, key, good, version=0))
    yield "unknown kind", text("TEAM", data)
    yield "cut", text("ADDRESS", payload(name, b"", key, good)[:-1])
    yield "cut", whole[:-1]
    yield "cut", whole[:100]
    yield "cut", "GRAPHCHAT:INVITE/"
    yield "cut", "GRAPHCHAT:INVITE"
    yield "cut", "GRAPHC"
    yield "damaged", text("INVITE", data + b"\0")
    yield "damaged", whole + "A"
    # 172 bytes: the last letter has four bits to spare, and they must be zero.
    assert (len(data) % 5, whole[-1]) in {(2, "A"), (2, "Q")}
    yield "damaged", whole[:-1] + chr(ord(whole[-1]) + 1)
    yield "strange characters", whole[:50] + "1" + whole[51:]
    yield "strange characters", whole[:50] + " " + whole[51:]
    yield "strange characters", whole + "="
    yield "strange characters", whole[:50] + "\u0131" + whole[51:]
    yield "damaged", text("INVITE", payload(name, psk, key, []))
    yield (
        "damaged",
        text("ADDRESS", payload(name, b"", key, [lane("https://a/q", n) for n in range(9)])),
    )
    yield "damaged", text("INVITE", payload(name, psk, key, [], private=True))
    never = payload(name, psk, key, good, until=1).replace((1).to_bytes(4, "big"), bytes(4), 1)
    yield "damaged", text("INVITE", never)
    nine = [lane("https://a/q", n) for n in range(9)]
    yield "damaged", text("INVITE", payload(name, psk, key, nine, private=True))
    for base in ("http://relay.example/q", "ftp://relay.example/q", "https://a b/q", "https:///q"):
        yield "relay", text("INVITE", payload(name, psk, key, [lane(base, "lane")]))
    for base in (
        "https://RELAY.example/q",
        "https://relay.example:443/q",
        "https://a/q/token",
        "",
    ):
        yield "damaged", text("INVITE", payload(name, psk, key, [lane(base, "lane")]))
    yield (
        "too long",
        text("INVITE", payload(name, psk, key, [lane("https://a/" + "q" * 245, 1)] * 8)),
    )
    yield "too long", whole + "A" * 10_000


def main() -> None:
    faults = [{"fault": fault, "text": bad} for fault, bad in refused()]
    OUT.write_text(json.dumps({"valid": list(valid()), "refused": faults}, indent=1) + "\n")


if __name__ == "__main__":
    main()

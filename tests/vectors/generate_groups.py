"""Writes groups.json: the log of a group by section 20, and posts in it by section 21.

It imports nothing of graphchat: MessagePack is written by hand. Run
``python -m tests.vectors.generate_groups``; the result is always the same.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.vectors.generate_frames import (
    array,
    binary,
    integer,
    mapping,
    public,
    sign,
    some,
    string,
)

OUT: Final = Path(__file__).with_name("groups.json")
NOW_MS: Final = 1_767_225_600_000
OWNER: Final = some(32, "owner")
MEMBER: Final = some(32, "member")
STRANGER: Final = some(32, "stranger")
TRUE: Final = b"\xc3"


def entry(group: bytes, prev: list[bytes], depth: int, author: bytes, action: bytes) -> bytes:
    """Encode an entry; ``author`` is the private key."""
    fields = [binary(group), array([binary(each) for each in sorted(prev)]), integer(depth)]
    return array([*fields, binary(public(author)), integer(NOW_MS + depth), action])


def create() -> tuple[bytes, bytes]:
    """Return the first entry, and the id of the group."""
    settings = mapping({"name": string("Hikers"), "approval": TRUE, "history": integer(20)})
    box = binary(some(32, "box of the owner"))
    action = array([integer(0), settings, string("Alice"), box])
    draft = entry(bytes(16), [], 0, OWNER, action)
    group = sha256(b"gc/1 create" + draft).digest()[:16]
    return entry(group, [], 0, OWNER, action), group


FIRST, GROUP = create()


def ticket(key: bytes, name: str) -> tuple[bytes, bytes]:
    """Return the ticket of a newcomer, and their signature."""
    box = binary(some(32, "box", name))
    fields = [binary(GROUP), binary(public(key)), box, string(name), string("person")]
    data = array([*fields, integer(NOW_MS)])
    return data, sign(key, b"gc/1 join" + sha256(data).digest())


def vector(name: str, author: bytes, data: bytes) -> dict[str, object]:
    digest = sha256(data).digest()
    statement = b"gc/1 group" + digest
    return {
        "name": name,
        "entry": data.hex(),
        "hash": digest.hex(),
        "statement": statement.hex(),
        "signature": sign(author, statement).hex(),
    }


def log() -> Iterator[dict[str, object]]:
    """Yield entries in order: each follows the one before."""
    data, signature = ticket(MEMBER, "Bob")
    member = binary(public(MEMBER))
    change = mapping({"description": string("Sundays")})
    actions = [
        ("join", OWNER, array([integer(2), binary(data), binary(signature), binary(b"")])),
        ("role", OWNER, array([integer(5), member, integer(2)])),
        ("settings", OWNER, array([integer(6), change])),
        ("delete", MEMBER, array([integer(9), member, integer(1)])),
        ("mute", OWNER, array([integer(8), member, integer(NOW_MS + 60_000)])),
        ("an action of a later version", OWNER, array([integer(77), string("?")])),
        ("leave", MEMBER, array([integer(3)])),
    ]
    before = FIRST
    yield vector("create", OWNER, before)
    for depth, (name, author, action) in enumerate(actions, 1):
        before = entry(GROUP, [sha256(before).digest()], depth, author, action)
        yield vector(name, author, before)


def refused() -> Iterator[dict[str, object]]:
    """Yield entries behind the first one that nobody may take."""
    head = sha256(FIRST).digest()
    data, signature = ticket(STRANGER, "Mallory")
    join = array([integer(2), binary(data), binary(signature), binary(b"")])
    yield vector("a stranger lets herself in", STRANGER, entry(GROUP, [head], 1, STRANGER, join))
    forged = array([integer(2), binary(data), binary(sign(OWNER, b"?")), binary(b"")])
    yield vector("a ticket that nobody signed", OWNER, entry(GROUP, [head], 1, OWNER, forged))
    leave = array([integer(3)])
    yield vector("signed by somebody else", STRANGER, entry(GROUP, [head], 1, OWNER, leave))
    yield vector("a wrong depth", OWNER, entry(GROUP, [head], 2, OWNER, leave))
    other = some(16, "another group")
    yield vector("of another group", OWNER, entry(other, [head], 1, OWNER, leave))


def posts(head: bytes) -> Iterator[dict[str, object]]:
    prev = sha256(b"gc/1 posts" + GROUP + public(OWNER)).digest()
    for seq, text in enumerate(("Sunday at eight?", "Bring water."), 1):
        payload = mapping({"type": string("text"), "text": string(text)})
        message_id = some(16, "post", seq)
        fields = [binary(GROUP), binary(public(OWNER)), integer(seq), binary(prev)]
        fields += [array([binary(head)]), integer(NOW_MS + seq), binary(message_id)]
        data = array([*fields, binary(payload)])
        prev = sha256(data).digest()
        statement = b"gc/1 post" + prev
        yield {
            "post": data.hex(),
            "hash": prev.hex(),
            "statement": statement.hex(),
            "signature": sign(OWNER, statement).hex(),
            "text": text,
        }


def main() -> None:
    entries = list(log())
    vectors = {
        "group": GROUP.hex(),
        "owner": OWNER.hex(),
        "member": MEMBER.hex(),
        "entries": entries,
        "refused": list(refused()),
        "posts": list(posts(bytes.fromhex(str(entries[1]["hash"])))),
    }
    OUT.write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()

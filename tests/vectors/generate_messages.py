"""Writes messages.json: one message of each type by section 16, and what a reader must refuse.

It imports nothing of graphchat: MessagePack is written by hand. Run
``python -m tests.vectors.generate_messages``; the result is always the same.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.vectors.generate_frames import array, binary, integer, mapping, some, string

OUT: Final = Path(__file__).with_name("messages.json")
TARGET: Final = some(16, "target")
OGG: Final = b"OggS" + some(40, "recording")
REPLY: Final = {"reply_to": binary(TARGET), "quote": string("See you at eight?")}
TRUE: Final = b"\xc3"
FALSE: Final = b"\xc2"


def real(value: float) -> bytes:
    return b"\xcb" + struct.pack(">d", value)


def message(kind: str, **fields: bytes) -> bytes:
    return mapping({"type": string(kind), **fields})


def texts(*values: str) -> bytes:
    return array([string(value) for value in values])


def picture(**more: bytes) -> bytes:
    return message(
        "image",
        data=binary(some(40, "picture")),
        mime=string("image/webp"),
        width=integer(640),
        height=integer(480),
        thumbnail=binary(b""),
        caption=string(""),
        **more,
    )


def damaged_file(**other: bytes) -> bytes:
    return message("file", **small_file() | other)


def small_file() -> dict[str, bytes]:
    host = array([binary(some(16, "relay")), string("https://relay.example/q")])
    place = array([integer(0), binary(some(18, "queue")), binary(some(32, "recipient key"))])
    return {
        "name": string("plan.pdf"),
        "size": integer(1000),
        "key": binary(some(32, "file key")),
        "sha256": binary(some(32, "file")),
        "hosts": array([host]),
        "strips": array([array([place])]),
    }


def large_file() -> dict[str, bytes]:
    hosts = [
        array([binary(some(16, name)), string(f"https://{name}.example/q")])
        for name in ("one", "two")
    ]
    places = [
        array([integer(n), binary(some(18, name)), binary(some(32, f"key of {name}"))])
        for n, name in [(0, "a"), (1, "b"), (1, "c"), (0, "d")]
    ]
    return {
        **small_file(),
        "size": integer(2 * 786_388 + 1),
        "hosts": array(hosts),
        "strips": array([array(places[:2]), array(places[2:])]),
        "strip": integer(2),
        "keep": TRUE,
        "mime": string("application/pdf"),
        "description": string("The plan."),
        "thumbnail": binary(some(40, "thumbnail")),
    }


def option(name: str, label: str) -> bytes:
    return mapping({"id": string(name), "label": string(label)})


FIELD: Final = mapping({"name": string("name"), "label": string("Your name")})
SEATS: Final = mapping(
    {
        "name": string("seats"),
        "label": string("Seats"),
        "kind": string("number"),
        "required": TRUE,
        "least": real(1.0),
        "most": real(4.5),
    }
)
TABLE: Final = mapping(
    {
        "name": string("table"),
        "label": string("Where"),
        "kind": string("choice"),
        "choices": texts("inside", "outside"),
    }
)
WISH: Final = string("Which table?")


def spoken() -> Iterator[tuple[str, bytes]]:
    yield "text", message("text", text=string("hello"))
    yield "text that replies", message("text", text=string("Yes."), **REPLY)
    yield "picture", picture()
    yield "picture that replies", picture(**REPLY)
    yield "recording", message("voice", data=binary(OGG), duration_ms=integer(1500))
    bars = {"waveform": binary(bytes(range(0, 256, 16)))}
    yield (
        "recording with a waveform",
        message("voice", data=binary(OGG), duration_ms=integer(1500), **bars),
    )
    place = {"latitude": real(48.137154), "longitude": real(-11.576124)}
    yield "place", message("location", **place)
    more = {"accuracy": real(12.5), "label": string("Café")}
    yield "place with all that it can say", message("location", **place, **more)
    yield "file", message("file", **small_file())
    yield "file with all that it can say", message("file", **large_file(), **REPLY)
    options = array([option("in", "Inside"), option("out", "Outside 🌳")])
    yield "buttons", message("choices", question=WISH, options=options)
    answer = {"option": string("out"), "text": string("Outside 🌳")}
    yield "pressed button", message("choice", target=binary(TARGET), **answer)
    yield "poll", message("poll", question=WISH, options=texts("inside", "outside"))
    closing = {"several": TRUE, "closes_ms": integer(1_767_225_600_000)}
    yield (
        "poll that closes",
        message("poll", question=WISH, options=texts("inside", "outside"), **closing),
    )
    yield "form", message("form", title=string("A table"), fields=array([FIELD, SEATS, TABLE]))
    values = {"name": string("Bob"), "seats": integer(4), "vegan": FALSE, "budget": real(25.5)}
    yield "filled form", message("form.answer", target=binary(TARGET), values=mapping(values))


def amending() -> Iterator[tuple[str, bytes]]:
    yield "edit", message("edit", target=binary(TARGET), text=string("hello, world"))
    yield "deletion", message("delete", target=binary(TARGET))
    yield "reaction", message("reaction", target=binary(TARGET), emoji=string("👩🏽‍🚀"))
    yield "reaction taken back", message("reaction", target=binary(TARGET), emoji=string(""))
    votes = array([integer(0), integer(2)])
    yield "vote", message("vote", target=binary(TARGET), options=votes)
    yield "vote taken back", message("vote", target=binary(TARGET), options=array([]))


def for_programs() -> Iterator[tuple[str, bytes]]:
    profile = {"name": string("Alice"), "kind": string("person"), "status": string("at sea")}
    yield "changed profile", message("profile", profile=mapping(profile))
    yield "timer", message("contact.update", seconds=integer(3600), version=integer(1))
    yield "read mark", message("read", target=binary(TARGET))
    yield "somebody types", message("typing", active=TRUE)


def lanes() -> Iterator[tuple[str, bytes]]:
    keys = [binary(some(32, name)) for name in ("ratchet key", "sender key")]
    place = [binary(some(16, "relay")), string("https://relay.example/q")]
    offer = array([*place, binary(some(18, "queue")), *keys])
    seed = {"offer": offer, "seed": binary(some(32, "seed"))}
    yield "one more lane", message("lane.add", number=integer(16), **seed, why=string("more"))
    why = {"why": string("drops"), "replaces": integer(1)}
    yield "lane in place of another", message("lane.add", number=integer(17), **seed, **why)
    yield "lane taken up", message("lane.accept", number=integer(17), **seed)
    yield "lane tried", message("lane.test", number=integer(17), heard=FALSE)
    yield "lane tried again", message("lane.test", number=integer(17), heard=TRUE)
    yield "lane given up", message("lane.remove", number=integer(1))
    key = {"key": binary(some(32, "key")), "signature": binary(some(64, "signature"))}
    yield "next proof key", message("key.next", **key)


def refused() -> Iterator[tuple[str, bytes]]:
    """Yield messages of known types that break a limit."""
    short = binary(TARGET[1:])
    half = {"key": binary(some(16, "key")), "signature": binary(some(64, "signature"))}
    yield "proof key of 16 bytes", message("key.next", **half)
    yield "reply to an id of 15 bytes", message("text", text=string("x"), reply_to=short)
    yield "quote without its message", message("text", text=string("x"), quote=string("y"))
    yield "recording that is no Ogg", message("voice", data=binary(b"RIFF"), duration_ms=b"\x01")
    yield "recording of no duration", message("voice", data=binary(OGG), duration_ms=b"\x00")
    yield "file whose name leads elsewhere", damaged_file(name=string("../plan.pdf"))
    yield "file with a strip too few", damaged_file(size=integer(786_389))
    yield "file on a relay that is not named", damaged_file(hosts=array([]))
    yield "latitude of 91", message("location", latitude=real(91.0), longitude=real(0.0))
    nowhere = {"latitude": real(float("nan")), "longitude": real(0.0)}
    yield "latitude that is no number", message("location", **nowhere)
    yield "buttons without a button", message("choices", question=WISH, options=array([]))
    twice = array([option("in", "Inside"), option("in", "Outside")])
    yield "two buttons with one id", message("choices", question=WISH, options=twice)
    yield "poll with one option", message("poll", question=WISH, options=texts("yes"))
    yield (
        "poll with the same option twice",
        message("poll", question=WISH, options=texts("a", "a")),
    )
    yield "form without a field", message("form", title=WISH, fields=array([]))
    yield "edit without text", message("edit", target=binary(TARGET))
    yield "deletion of nothing", message("delete", target=binary(b""))
    for name, text in [("a word", "yes"), ("two emoji", "👍👍"), ("a line break", "👍\n")]:
        yield (
            f"reaction with {name}",
            message("reaction", target=binary(TARGET), emoji=string(text)),
        )
    votes = array([integer(2), integer(0)])
    yield "vote out of order", message("vote", target=binary(TARGET), options=votes)
    yield "vote for option 20", message("vote", target=binary(TARGET), options=array([b"\x14"]))
    yield "timer without a version", message("contact.update", seconds=b"\x00", version=b"\x00")


def main() -> None:
    found = [*spoken(), *amending(), *for_programs(), *lanes()]
    vectors = {
        "messages": [{"name": name, "payload": data.hex()} for name, data in found],
        "refused": [{"name": name, "payload": data.hex()} for name, data in refused()],
    }
    OUT.write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()

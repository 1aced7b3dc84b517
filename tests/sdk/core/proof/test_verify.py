"""Nothing that is changed in a proof verifies; and whoever makes one cannot make it say more."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, strategies as st
from tests.sdk.core.proof.cases import CID, NOW_MS, ORIGIN, case, only, proof, said, sealed

from graphchat import content
from graphchat.content import ProfileCard, Text, Welcome
from graphchat.core import frame as frames
from graphchat.core.proof import Findings, Hidden, Reception, Shown, bundle as form, verify
from graphchat.core.proof.bundle import Bundle

WHOLE: Final = proof()
ONE: Final = proof(only(case(), ("inviter", 3)), whole=False)


def findings(data: bytes) -> Findings:
    verdict = verify(data)
    assert verdict.problem is None
    assert verdict.findings is not None
    return verdict.findings


def test_a_proof_shows_who_what_and_when() -> None:
    found = findings(WHOLE)
    assert (found.code_hash, found.cid) == (ORIGIN.code_hash, CID)
    assert [(each.author, each.seq, each.received_ms) for each in found.shown] == [
        ("inviter", 1, NOW_MS + 5002),
        ("invited", 2, NOW_MS + 5002),
        ("inviter", 3, NOW_MS + 5004),
        ("invited", 3, None),
    ]
    assert found.receptions == (
        Reception("invited", b"alices__", 2, NOW_MS + 5002),
        Reception("invited", b"alices__", 4, NOW_MS + 5004),
        Reception("inviter", b"bobs____", 2, NOW_MS + 5002),
    )
    assert [(each.author, each.first, each.last, each.hashed) for each in found.hidden] == [
        ("inviter", 2, 2, True),
        ("inviter", 4, 4, True),
        ("invited", 1, 1, True),
    ]


def test_what_came_before_is_said_to_be_missing() -> None:
    assert findings(ONE).hidden == (
        Hidden("inviter", b"alices__", 1, 2, hashed=False),
        Hidden("inviter", b"alices__", 4, 4, hashed=True),
    )


def test_names_are_claims_of_their_sides() -> None:
    welcome = Welcome(ProfileCard("Alice", "person"))
    data = proof(
        case({"inviter": [welcome, Text("hi")], "invited": []}, {"inviter": [], "invited": []})
    )
    found = findings(data)
    assert [who.names for who in found.sides] == [("Alice",), ()]
    assert [each.message for each in found.shown] == [Text("hi")]


@pytest.mark.parametrize("data", [WHOLE, ONE], ids=["whole", "one"])
def test_no_changed_byte_verifies(data: bytes) -> None:
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        assert not verify(bytes(changed)).valid


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 3), st.binary(max_size=3))
def test_nothing_verifies_that_was_put_in_cut_out_or_replaced(
    place: int, length: int, other: bytes
) -> None:
    changed = WHOLE[:place] + other + WHOLE[place + length :]
    assert verify(changed).valid == (changed == WHOLE)


def test_other_spellings_of_the_same_are_refused() -> None:
    fields = json.loads(WHOLE)
    for other in (
        json.dumps(fields).encode(),
        json.dumps(fields, indent=1, ensure_ascii=True).encode(),
        json.dumps(fields, indent=2).encode() + b"\n",
        WHOLE + b"\n",
        b" " + WHOLE,
        WHOLE.replace(b'"version": 1', b'"version": 1.0'),
        WHOLE.replace(b'"format"', b'"f\\u006frmat"'),
        b"\xef\xbb\xbf" + WHOLE,
    ):
        verdict = verify(other)
        assert verdict.problem is not None
        assert verdict.problem.where.startswith(("byte", "the file", "version"))


def test_the_spare_bits_of_base64_are_refused() -> None:
    bundle = form.decode(WHOLE)
    for change in range(1, 4):
        last = chr(ord(bundle.connection.id[-1]) + change)
        changed = msgspec.structs.replace(bundle.connection, id=bundle.connection.id[:-1] + last)
        verdict = verify(form.encode(msgspec.structs.replace(bundle, connection=changed)))
        assert verdict.problem is not None
        assert verdict.problem.where == "connection.id"


def test_what_is_wrong_is_named_with_its_place() -> None:
    bundle = form.decode(WHOLE)
    cases: list[tuple[Callable[[Any], object], str]] = [
        (lambda f: f["inviter"]["segments"][0]["links"][2].pop("signature"), "links[2].signature"),
        (lambda f: f["inviter"]["segments"][0]["receipts"][1].update(ts_ms=1), "receipts[1]"),
        (lambda f: f["invited"]["keys"][0].update(from_seq=2), "invited.keys[0].from_seq"),
        (lambda f: f["invited"]["segments"][0].update(first=2), "invited.segments[0].links"),
        (lambda f: f["inviter"]["segments"].reverse() or f.update(note="x"), "note"),
    ]
    for change, where in cases:
        fields = json.loads(form.encode(bundle))
        change(fields)
        verdict = verify(sealed_fields(fields))
        assert verdict.problem is not None
        assert where in verdict.problem.where


def sealed_fields(fields: Any) -> bytes:
    return sealed(msgspec.convert(fields, Bundle))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in items:
        if isinstance(item, dict | list):
            yield from leaves(item, (*path, name))
        yield (*path, name)


def parent(fields: Any, path: tuple[Any, ...]) -> Any:
    for name in path[:-1]:
        fields = fields[name]
    return fields


PATHS: Final = list(leaves(json.loads(WHOLE)))


def changed_value(value: Any) -> list[Any]:
    match value:
        case int():
            return [value + 1, value - 1, 0]
        case str():
            return [value[::-1], value[:-4], "", value[:-2] + "AA"]
        case list():
            return [value[1:], value[:-1], value[::-1], [*value, *value[-1:]], []]
        case _:
            return []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_whoever_makes_a_proof_can_only_make_it_say_less(path: tuple[Any, ...]) -> None:
    """The invited may leave out; he cannot make the inviter, or a receipt of hers, say more."""
    true = findings(WHOLE)
    fields = json.loads(WHOLE)
    for other in changed_value(parent(fields, path)[path[-1]]):
        changed = json.loads(WHOLE)
        parent(changed, path)[path[-1]] = other
        try:
            data = sealed_fields(changed)
        except msgspec.ValidationError:
            continue
        found = verify(data).findings
        if found is None or path[0] == "made_ms":
            continue
        assert set(found.shown) <= {*true.shown, *_less_received(true)}
        assert set(found.receptions) <= set(true.receptions)
        assert found.sides == true.sides
        assert (found.code_hash, found.cid) == (true.code_hash, true.cid)


def _less_received(true: Findings) -> Iterator[Shown]:
    """Without a receipt, a message is shown as received later, or not at all."""
    times = [None, *(each.ts_ms for each in true.receptions)]
    for shown in true.shown:
        known = shown.received_ms
        for time in times:
            if time is None or (known is not None and time > known):
                yield replace(shown, received_ms=time)


def test_hashes_that_nothing_covers_are_refused() -> None:
    bundle = form.decode(WHOLE)
    [segment] = bundle.invited.segments
    more = msgspec.structs.replace(segment, links=(*segment.links, form.Link(hash="A" * 43)))
    invited = msgspec.structs.replace(bundle.invited, segments=(more,))
    verdict = verify(sealed(msgspec.structs.replace(bundle, invited=invited)))
    assert verdict.problem is not None
    assert verdict.problem.where == "invited.segments[0].links"


def test_a_frame_of_a_receipt_is_no_message() -> None:
    bundle = form.decode(WHOLE)
    [segment] = bundle.inviter.segments
    outside = frames.Frame(frames.Kind.RECEIPT, b"i" * 16, b"alices__", 0, 1, frames.NO_HASH, b"")
    data = form.text(frames.encode(outside))
    link = msgspec.structs.replace(segment.links[0], frame=data)
    changed = msgspec.structs.replace(segment, links=(link, *segment.links[1:]))
    inviter = msgspec.structs.replace(bundle.inviter, segments=(changed,))
    assert not verify(sealed(msgspec.structs.replace(bundle, inviter=inviter))).valid


def test_a_private_connection_has_no_proof() -> None:
    """Statements of the handshake that say `private` are no beginning of a proof."""
    verdict = verify(proof(replace(case(), origin=replace(ORIGIN, private=True))))
    assert verdict.problem is not None
    assert verdict.problem.where == "inviter.keys[0].statement"


def test_damaged_and_unknown_messages_are_shown_as_such() -> None:
    kept, _ = said("inviter", [content.Unknown("later", b"\x81\xa4type\xa5later")], [])
    found = case({"inviter": [], "invited": []}, {"inviter": [], "invited": []})
    data = proof(replace(found, said=([kept], [])))
    assert [each.message for each in findings(data).shown] == [
        content.Unknown("later", b"\x81\xa4type\xa5later")
    ]


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    verify(WHOLE, lambda done, count: told.append((done, count)))
    assert told == sorted(told)
    assert {count for _, count in told} == {7}


@given(st.binary(max_size=300))
def test_anything_else_is_no_proof(data: bytes) -> None:
    assert not verify(data).valid

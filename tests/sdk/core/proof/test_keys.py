"""A side may have had several keys, one after the other."""

import msgspec
import pytest
from tests.sdk.core.proof.cases import ALICE, CID, case, proof, sealed

from graphchat.core import frame as frames
from graphchat.core.frame import next_statement
from graphchat.core.proof import bundle as form, verify
from graphchat.core.proof.bundle import Bundle, Key, Link
from graphchat.crypto.keys import SigningKey
from graphchat.secret import Secret

SECOND = SigningKey(Secret(b"2" * 32))
STREAM = b"alices__"


def handed_over(signer: SigningKey = ALICE, from_seq: int = 3, stream: bytes = STREAM) -> Key:
    statement = next_statement(CID, stream, from_seq, SECOND.public)
    return Key(
        form.text(SECOND.public),
        form.text(stream),
        from_seq,
        form.text(statement),
        form.text(signer.sign(statement)),
    )


def with_second_key(entry: Key, *, signs: bool = True) -> Bundle:
    """Return a proof in which frame 3 of the inviter is signed by her second key."""
    bundle = form.decode(proof(case()))
    [segment] = bundle.inviter.segments
    links = list(segment.links)
    if signs:
        data = form.raw("", links[2].frame)
        signature = frames.sign(SECOND, CID, frames.decode(data), data)
        links[2] = Link(frame=links[2].frame, signature=form.text(signature))
    changed = msgspec.structs.replace(segment, links=tuple(links))
    inviter = form.Party((*bundle.inviter.keys, entry), (changed,))
    return msgspec.structs.replace(bundle, inviter=inviter)


def where(bundle: Bundle) -> str:
    problem = verify(sealed(bundle)).problem
    assert problem is not None
    return problem.where


def test_a_key_that_the_one_before_signed_takes_over() -> None:
    findings = verify(sealed(with_second_key(handed_over()))).findings
    assert findings is not None
    assert findings.sides[0].keys == (ALICE.public, SECOND.public)
    assert [each.seq for each in findings.shown if each.author == "inviter"] == [1, 3]


def test_nobody_else_can_hand_over() -> None:
    other = SigningKey(Secret(b"x" * 32))
    assert where(with_second_key(handed_over(other))) == "inviter.keys[1].signature"
    assert where(with_second_key(handed_over(SECOND))) == "inviter.keys[1].signature"


def test_a_key_counts_from_its_number_on() -> None:
    place = "inviter.segments[0].links[2].signature"
    assert where(with_second_key(handed_over(from_seq=4))) == place
    assert where(with_second_key(handed_over(), signs=False)) == place


def test_a_key_counts_in_its_stream() -> None:
    place = "inviter.segments[0].links[2].signature"
    assert where(with_second_key(handed_over(stream=b"another_"))) == place


def test_what_was_signed_is_what_the_fields_say() -> None:
    entry = msgspec.structs.replace(handed_over(), from_seq=2)
    assert where(with_second_key(entry)) == "inviter.keys[1].statement"


@pytest.mark.parametrize("stream", ["", "AAAA"])
def test_a_later_key_names_a_stream(stream: str) -> None:
    entry = msgspec.structs.replace(handed_over(), stream=stream)
    assert where(with_second_key(entry)) == "inviter.keys[1].stream"


def test_two_sides_have_two_keys() -> None:
    bundle = form.decode(proof())
    invited = msgspec.structs.replace(bundle.invited, keys=bundle.inviter.keys)
    assert where(msgspec.structs.replace(bundle, invited=invited)) == "invited.keys[0].key"

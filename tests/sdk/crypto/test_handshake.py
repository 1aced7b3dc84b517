import pytest
from hypothesis import given, strategies as st

from graphchat.crypto.aead import seal, seal_box
from graphchat.crypto.agreement import Agreed, Side, agree_as_alice, agree_as_bob
from graphchat.crypto.handshake import (
    open_answer,
    open_confirmation,
    seal_answer,
    seal_confirmation,
)
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import DecryptionError, LocalProtocolError
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.wire.limits import SIZES, M, S

H = b"h" * 32
PSK = Secret(b"p" * 32)
KEYS = [AgreementKey.generate(FakeClock(bytes([n]))) for n in range(4)]
ALICE, BOB = Side(KEYS[0], KEYS[1]), Side(KEYS[2], KEYS[3])
AGREED = agree_as_bob(BOB, ALICE.connection.public, ALICE.ratchet.public, H, PSK)
CONFIRMATION_ROOM = S - 48 - 64 - 40 - 4
ANSWER_ROOM = S - 48 - 40 - 4


def alice_agrees(envelope: bytes, own: AgreementKey = ALICE.ratchet) -> tuple[Agreed, bytes]:
    opened = open_confirmation(own, envelope)
    agreed = agree_as_alice(ALICE, opened.ckb, opened.ekb0, H, PSK)
    return agreed, opened.text(agreed)


@given(st.binary(max_size=20_000))
def test_a_confirmation_and_its_answer_arrive(text: bytes) -> None:
    clock = FakeClock()
    envelope = seal_confirmation(AGREED, ALICE.ratchet.public, text, clock)
    assert len(envelope) in SIZES
    agreed, read = alice_agrees(envelope)
    assert (agreed, read) == (AGREED, text)
    back = seal_answer(agreed, BOB.ratchet.public, text, clock)
    assert len(back) in SIZES
    assert open_answer(AGREED, BOB.ratchet, back) == text


def test_the_first_secret_is_agreed_with_lane_0_by_whatever_lane_it_comes() -> None:
    other_lane = AgreementKey.generate(FakeClock(b"lane 1"))
    envelope = seal_confirmation(AGREED, other_lane.public, b"map", FakeClock())
    assert alice_agrees(envelope, other_lane) == (AGREED, b"map")


def test_the_smallest_class_is_taken_or_the_one_that_was_asked_for() -> None:
    clock, eka, ekb = FakeClock(), ALICE.ratchet.public, BOB.ratchet.public
    assert len(seal_confirmation(AGREED, eka, bytes(CONFIRMATION_ROOM), clock)) == S
    assert len(seal_confirmation(AGREED, eka, bytes(CONFIRMATION_ROOM + 1), clock)) == M
    assert len(seal_answer(AGREED, ekb, bytes(ANSWER_ROOM), clock)) == S
    assert len(seal_answer(AGREED, ekb, bytes(ANSWER_ROOM + 1), clock)) == M
    assert len(seal_answer(AGREED, ekb, b"", clock, M)) == M
    with pytest.raises(LocalProtocolError):
        seal_answer(AGREED, ekb, bytes(ANSWER_ROOM + 1), clock, S)


@given(st.data())
def test_a_changed_or_cut_envelope_is_refused(data: st.DataObject) -> None:
    envelopes = (
        seal_confirmation(AGREED, ALICE.ratchet.public, b"map", FakeClock()),
        seal_answer(AGREED, BOB.ratchet.public, b"map", FakeClock()),
    )
    for envelope, key in zip(envelopes, (ALICE.ratchet, BOB.ratchet), strict=True):
        bit = data.draw(st.integers(0, S * 8 - 1))
        changed = bytearray(envelope)
        changed[bit // 8] ^= 1 << bit % 8
        for wrong in (bytes(changed), envelope[:-1], envelope + b"\0", b""):
            with pytest.raises(DecryptionError):
                open_confirmation(key, wrong)
            with pytest.raises(DecryptionError):
                open_answer(AGREED, key, wrong)


def test_a_confirmation_under_another_code_or_psk_does_not_open() -> None:
    opened = open_confirmation(
        ALICE.ratchet, seal_confirmation(AGREED, ALICE.ratchet.public, b"map", FakeClock())
    )
    for code, psk in ((b"i" * 32, PSK), (H, None), (H, Secret(b"q" * 32))):
        with pytest.raises(DecryptionError):
            opened.text(agree_as_alice(ALICE, opened.ckb, opened.ekb0, code, psk))


def test_an_answer_is_no_confirmation() -> None:
    answer = seal_answer(AGREED, ALICE.ratchet.public, b"map", FakeClock())
    opened = open_confirmation(ALICE.ratchet, answer)
    with pytest.raises(DecryptionError):
        opened.text(AGREED)
    with pytest.raises(DecryptionError):
        open_answer(
            AGREED,
            ALICE.ratchet,
            seal_confirmation(AGREED, ALICE.ratchet.public, b"map", FakeClock()),
        )


@pytest.mark.parametrize("start", [b"\0\0\0\1m!", b"\xff\xff\xff\xff", b"\0\0\x40\0"])
def test_a_body_that_is_not_well_formed_is_refused(start: bytes) -> None:
    body = seal(AGREED.answer_key, start.ljust(ANSWER_ROOM + 4, b"\0"), H, FakeClock())
    with pytest.raises(DecryptionError, match="well-formed"):
        open_answer(AGREED, BOB.ratchet, seal_box(BOB.ratchet.public, body))


@pytest.mark.parametrize("more", [-1, 1])
def test_a_sound_answer_of_a_length_that_is_no_size_class_is_refused(more: int) -> None:
    body = seal(AGREED.answer_key, bytes(ANSWER_ROOM + 4 + more), H, FakeClock())
    with pytest.raises(DecryptionError, match="size class"):
        open_answer(AGREED, BOB.ratchet, seal_box(BOB.ratchet.public, body))


def test_right_keys_around_rubbish_are_refused() -> None:
    keys = BOB.connection.public + BOB.ratchet.public
    with pytest.raises(DecryptionError):
        alice_agrees(seal_box(ALICE.ratchet.public, keys + bytes(S - 48 - 64)))

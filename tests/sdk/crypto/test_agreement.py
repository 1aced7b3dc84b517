from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from graphchat.crypto.agreement import (
    Agreed,
    Origin,
    Side,
    address_connection_id,
    agree_as_alice,
    agree_as_bob,
    code_hash,
    final_secret,
    lane_secrets,
    safety_words,
)
from graphchat.crypto.kdf import hkdf
from graphchat.crypto.keys import AgreementKey
from graphchat.crypto.words import word
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock

H = code_hash(b"payload", address=False)
PSK = Secret(b"p" * 32)
CID = ConnectionId(b"c" * 16)


def side(name: bytes) -> Side:
    clock = FakeClock(name)
    return Side(AgreementKey.generate(clock), AgreementKey.generate(clock))


ALICE, BOB = side(b"alice"), side(b"bob")


def as_bob(psk: Secret | None = PSK, code: bytes = H, bob: Side = BOB) -> Agreed:
    return agree_as_bob(bob, ALICE.connection.public, ALICE.ratchet.public, code, psk)


def as_alice(psk: Secret | None = PSK, code: bytes = H, bob: Side = BOB) -> Agreed:
    return agree_as_alice(ALICE, bob.connection.public, bob.ratchet.public, code, psk)


@given(st.binary(max_size=8), st.one_of(st.none(), st.builds(Secret, st.binary(min_size=32))))
def test_both_sides_agree(name: bytes, psk: Secret | None) -> None:
    bob = side(b"bob" + name)
    one, other = as_bob(psk, bob=bob), as_alice(psk, bob=bob)
    assert one == other
    assert one.confirm_key == other.confirm_key != one.answer_key == other.answer_key


def test_the_first_secret_is_made_as_written_down() -> None:
    dh = b"".join(
        own.exchange(other).reveal()
        for own, other in (
            (BOB.connection, ALICE.connection.public),
            (BOB.connection, ALICE.ratchet.public),
            (BOB.ratchet, ALICE.connection.public),
        )
    )
    info = b"gc/1 x3dh" + H + BOB.connection.public + BOB.ratchet.public
    assert as_bob().ms0 == hkdf(dh, salt=b"p" * 32, info=info, size=32)
    assert as_bob(None).ms0 == hkdf(dh, salt=bytes(32), info=info, size=32)


def test_every_input_counts() -> None:
    secrets = {
        as_bob().ms0,
        as_bob(None).ms0,
        as_bob(code=code_hash(b"payload", address=True)).ms0,
        as_bob(code=code_hash(b"other", address=False)).ms0,
        as_bob(bob=side(b"eve")).ms0,
        as_bob(bob=Side(BOB.connection, side(b"eve").ratchet)).ms0,
        as_bob(bob=Side(side(b"eve").connection, BOB.ratchet)).ms0,
    }
    assert len(secrets) == 7


def test_an_invitation_without_its_psk_agrees_on_nothing() -> None:
    assert as_bob(Secret(b"q" * 32)).ms0 != as_alice().ms0


def test_a_key_of_small_order_is_refused_on_both_sides() -> None:
    good = BOB.connection.public
    for ck, ek in ((bytes(32), good), (good, bytes(32)), (good, b"")):
        with pytest.raises(RemoteProtocolError):
            agree_as_bob(BOB, ck, ek, H, PSK)
        with pytest.raises(RemoteProtocolError):
            agree_as_alice(ALICE, ck, ek, H, PSK)


def test_the_code_hash_tells_kinds_apart() -> None:
    assert sha256(b"gc/1 code\x00payload").digest() == H
    assert code_hash(b"payload", address=True) == sha256(b"gc/1 code\x01payload").digest()


def test_ml_kem_changes_the_final_secret() -> None:
    ms0, kem = as_bob().ms0, Secret(b"s" * 32)
    assert final_secret(ms0, None) == ms0
    private = hkdf(ms0, salt=b"", info=b"gc/1 private", size=32)
    assert final_secret(ms0, None, private=True) == private
    assert final_secret(ms0, kem) == hkdf(kem, salt=ms0, info=b"gc/1 kem", size=32)


def test_lanes_share_no_secret() -> None:
    lanes = [lane_secrets(as_bob().ms0, index) for index in range(8)]
    secrets = {s for lane in lanes for s in (lane.root, lane.bob_header, lane.alice_next_header)}
    assert len(secrets) == 24
    data = hkdf(as_bob().ms0, salt=b"", info=b"gc/1 lane\x07", size=96).reveal()
    assert lanes[7].root.reveal() + lanes[7].bob_header.reveal() == data[:64]
    assert lanes[7].alice_next_header.reveal() == data[64:]


def test_a_connection_by_an_address_is_named_by_it_and_by_bob() -> None:
    name = address_connection_id(b"a" * 16, b"b" * 32)
    assert name == sha256(b"gc/1 cid" + b"a" * 16 + b"b" * 32).digest()[:16]


def test_safety_words_are_six_and_depend_on_the_secret_and_both_proof_keys() -> None:
    ms = as_bob().ms0
    words = safety_words(ms, b"a" * 32, b"b" * 32)
    bits = hkdf(ms, salt=b"", info=b"gc/1 sas" + b"a" * 32 + b"b" * 32, size=9).reveal().hex()
    assert words == tuple(word(int(bits[at : at + 3], 16)) for at in range(0, 18, 3))
    assert len(words) == 6
    others = {
        safety_words(Secret(b"x" * 32), b"a" * 32, b"b" * 32),
        safety_words(ms, b"x" * 32, b"b" * 32),
        safety_words(ms, b"a" * 32, b"x" * 32),
    }
    assert len(others | {words}) == 4


def test_statements_are_made_as_written_down() -> None:
    alices, bobs = b"a" * 32, b"b" * 32
    start = b"gc/1 hello" + H + CID + BOB.connection.public
    for private, mode in ((False, b"\0"), (True, b"\1")):
        origin = Origin(H, CID, BOB.connection.public, private)
        assert origin.confirmation_statement(bobs) == start + bobs + mode
        assert origin.answer_statement(alices, bobs) == start + alices + bobs + mode

import copy
import pickle

import pytest
from hypothesis import given, strategies as st

from graphchat.crypto.keys import AgreementKey, SigningKey, verify
from graphchat.errors import LocalProtocolError, RemoteProtocolError
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock

KEY = SigningKey(Secret(b"k" * 32))

# RFC 8032, section 7.1: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]
# Points of order 1, 2, 4 and 8, and other spellings of them: every multiple by a key is zero.
SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_signatures_are_those_of_rfc_8032(
    seed: str, public: str, message: str, signature: str
) -> None:
    key = SigningKey(Secret(bytes.fromhex(seed)))
    assert key.public.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert verify(key.public, bytes.fromhex(message), bytes.fromhex(signature))


def test_agreement_is_that_of_rfc_7748_section_6_1() -> None:
    alice, bob = (
        AgreementKey(Secret(bytes.fromhex(seed)))
        for seed in (
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        )
    )
    shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    assert alice.public.hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    assert bob.public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert alice.exchange(bob.public).reveal().hex() == shared
    assert bob.exchange(alice.public).reveal().hex() == shared


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_a_public_key_of_small_order_is_refused(public: str) -> None:
    with pytest.raises(RemoteProtocolError, match="small order"):
        AgreementKey(Secret(b"k" * 32)).exchange(bytes.fromhex(public))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_public_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(RemoteProtocolError, match="length"):
        AgreementKey(Secret(b"k" * 32)).exchange(b"\x09" * size)


@pytest.mark.parametrize("kind", [SigningKey, AgreementKey])
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_our_own_mistake(
    kind: type[SigningKey | AgreementKey], size: int
) -> None:
    with pytest.raises(LocalProtocolError):
        kind(Secret(bytes(size)))


@given(st.binary(max_size=200), st.binary(max_size=64))
def test_what_was_signed_verifies_and_nothing_else_does(data: bytes, more: bytes) -> None:
    signature = KEY.sign(data)
    assert verify(KEY.public, data, signature)
    assert not verify(KEY.public, data + b"!", signature)
    assert not verify(SigningKey(Secret(b"o" * 32)).public, data, signature)
    if more:
        assert not verify(KEY.public, data, signature + more)
        assert not verify(KEY.public + more, data, signature)


@given(st.integers(0, 64 * 8 - 1))
def test_each_bit_of_a_signature_counts(bit: int) -> None:
    signature = bytearray(KEY.sign(b"text"))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verify(KEY.public, b"text", bytes(signature))


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_verifying_rubbish_is_false_and_never_raises(
    public: bytes, data: bytes, signature: bytes
) -> None:
    assert not verify(public, data, signature)


def test_the_stand_in_for_wrong_lengths_is_no_master_key() -> None:
    decoy = SigningKey(Secret(bytes(32)))
    assert not verify(b"", b"decoy", decoy.sign(b"decoy"))
    assert not verify(b"", b"decoy", b"")


@pytest.mark.parametrize("kind", [SigningKey, AgreementKey])
def test_a_key_is_its_seed_and_keeps_it_to_itself(kind: type[SigningKey | AgreementKey]) -> None:
    key, same = kind.generate(FakeClock(b"a")), kind.generate(FakeClock(b"a"))
    assert key == same
    assert hash(key) == hash(same)
    assert key != kind.generate(FakeClock(b"b"))
    seed = key.seed.reveal()
    assert repr(seed)[2:-1] not in repr(key)
    assert seed.hex() not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        copy.deepcopy(key)
    with pytest.raises(AttributeError):
        key.seed = Secret(bytes(32))  # type: ignore[misc]  # that is what is tried

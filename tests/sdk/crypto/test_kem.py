from hashlib import sha3_256, sha3_512, shake_256

import pytest
from hypothesis import given, strategies as st

from graphchat.crypto.kem import CIPHERTEXT, PUBLIC, KemKey, available, encapsulate
from graphchat.errors import LocalProtocolError, RemoteProtocolError
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock

# From the known answers for the final FIPS 203 of github.com/post-quantum-cryptography/KAT,
# kat_MLKEM_768.rsp, counts 0 to 3: z, d, message, shared secret.
KNOWN = [
    (
        "f696484048ec21f96cf50a56d0759c448f3779752f0383d37449690694cf7a68",
        "6dbbc4375136df3b07f7c70e639e223e177e7fd53b161b3f4d57791794f12624",
        "20a7b7e10f70496cc38220b944def699bf14d14e55cf4c90a12c1b33fc80ffff",
        "b408d5d115713f0a93047dbbea832e4340787686d59a9a2d106bd662ba0aa035",
    ),
    (
        "6de62e3465a55c9c78a07d265be8540b3e58b0801a124d07ff12b438d5202ea0",
        "d69cfc64f84d4f33e4c54e166b7ff9283a394986a539b23987a10f39d2d9689b",
        "0121cb32acd1871135cb34e29c1a0e26ccc001b939eafaacc28f13f1938dbf91",
        "8c970242406111e26368ad8760c4d02a8b28d17d138210adc127197b50968140",
    ),
    (
        "1eaae6bb91b27cd748c402c4111140d5a942cf3c95ff7977f88d2ef515bb26d0",
        "63470357110828f25b23edc80ed280ecd398a9f53251c3332754de2af0b15e90",
        "34b961af5d6254af72c0d50e70dd9b4991150ccc09192aa46f1953d5c29a33ec",
        "c0d45764e3dbf0948b914d6f65c92bd0ebd21556e5076753af48df8fffd6badc",
    ),
    (
        "b585d4eb01085111a172a87688d0032e3381a9e9a35fdd6ef2f8aeb3b40eb5ce",
        "89b0c4b23019af3498a27da290892d981dd59fa08993bc05da21e1d72503664c",
        "0f4a070a0116194e267437545569d94aa5b2e4400645d5de88c504b9dbb1455e",
        "d71bd5a07c158c130283ef854516d290a46ade09a63831c7b83b8fd0724c8fb0",
    ),
]


@pytest.mark.parametrize(("z", "d", "message", "secret"), KNOWN)
def test_keys_are_those_of_the_known_answers(z: str, d: str, message: str, secret: str) -> None:
    # The library draws the message of an encapsulation itself, so only the key can be compared:
    # the published secret is SHA3-512(message || SHA3-256(key)), first half (FIPS 203, alg. 17).
    key = KemKey(Secret(bytes.fromhex(d + z)))
    digest = sha3_512(bytes.fromhex(message) + sha3_256(key.public).digest()).digest()
    assert digest[:32].hex() == secret


@given(st.binary(min_size=64, max_size=64), st.binary(min_size=CIPHERTEXT, max_size=CIPHERTEXT))
def test_a_foreign_ciphertext_gives_the_secret_of_implicit_rejection(
    seed: bytes, ciphertext: bytes
) -> None:
    # FIPS 203, algorithm 18, line 7: SHAKE256(z || c), 32 bytes.
    expected = shake_256(seed[32:] + ciphertext).digest(32)
    assert KemKey(Secret(seed)).decapsulate(ciphertext) == Secret(expected)


def test_both_sides_get_one_secret_of_the_right_sizes() -> None:
    key = KemKey.generate(FakeClock())
    ciphertext, secret = encapsulate(key.public)
    assert (len(key.public), len(ciphertext), len(secret.reveal())) == (1184, 1088, 32)
    assert key.decapsulate(ciphertext) == secret
    assert KemKey(key.seed).decapsulate(ciphertext) == secret
    assert encapsulate(key.public)[1] != secret
    assert KemKey.generate(FakeClock(b"other")).decapsulate(ciphertext) != secret
    changed = bytes([ciphertext[0] ^ 1]) + ciphertext[1:]
    assert key.decapsulate(changed) != secret


@pytest.mark.parametrize(
    "public", [b"", bytes(PUBLIC - 1), bytes(PUBLIC + 1), b"\xff" * PUBLIC], ids=len
)
def test_a_malformed_key_is_refused(public: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        encapsulate(public)


def test_each_coefficient_of_a_key_is_checked() -> None:
    # FIPS 203, section 7.2: 3329 is no coefficient. It stands in the first 12 bits here.
    key = KemKey.generate(FakeClock()).public
    changed = bytes([0x01, key[1] & 0xF0 | 0x0D]) + key[2:]
    with pytest.raises(RemoteProtocolError):
        encapsulate(changed)


@pytest.mark.parametrize("size", [0, CIPHERTEXT - 1, CIPHERTEXT + 1])
def test_a_ciphertext_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(RemoteProtocolError):
        KemKey.generate(FakeClock()).decapsulate(bytes(size))


def test_a_key_is_its_seed_and_keeps_it_to_itself() -> None:
    key = KemKey.generate(FakeClock(b"a"))
    assert key == KemKey.generate(FakeClock(b"a"))
    assert hash(key) == hash(KemKey(key.seed))
    assert key != KemKey.generate(FakeClock(b"b"))
    assert key.seed.reveal().hex() not in repr(key)
    assert repr(key) == "KemKey(<Secret, 64 bytes>)"
    with pytest.raises(LocalProtocolError):
        KemKey(Secret(bytes(32)))


def test_this_machine_has_it() -> None:
    assert available()

import pytest

from graphchat.crypto.kdf import chain_step, hkdf
from graphchat.secret import Secret

# RFC 5869, appendix A, the cases with SHA-256: secret, salt, info, result.
RFC_5869 = [
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


@pytest.mark.parametrize(("secret", "salt", "info", "result"), RFC_5869)
def test_hkdf_is_that_of_rfc_5869(secret: str, salt: str, info: str, result: str) -> None:
    key, salted = bytes.fromhex(secret), bytes.fromhex(salt)
    size = len(result) // 2
    for given in (key, Secret(key)):
        for salting in (salted, Secret(salted)):
            derived = hkdf(given, salt=salting, info=bytes.fromhex(info), size=size)
            assert derived.reveal().hex() == result


def test_the_chain_step_is_that_of_libsignal() -> None:
    # The vector of libsignal's test of its chain keys. There, HKDF with its own label makes a
    # cipher key and a MAC key out of what is our message key.
    chain = Secret(
        bytes.fromhex("8ab72d6f4cc5ac0d387eaf463378ddb28edd07385b1cb01250c715982e7ad48f")
    )
    message, following = chain_step(chain)
    assert following.reveal().hex() == (
        "28e8f8fee54b801eef7c5cfb2f17f32c7b334485bbb70fac6ec10342a246d15d"
    )
    keys = hkdf(message, salt=b"", info=b"WhisperMessageKeys", size=64).reveal().hex()
    assert keys == (
        "bf51e9d75e0e31031051f82a2491ffc084fa298b7793bd9db620056febf45217"
        "c6c77d6a73a354337a56435e34607dfe48e3ace14e77314dc6abc172e7a7030b"
    )

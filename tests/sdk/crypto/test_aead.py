import pytest
from hypothesis import given, strategies as st

from graphchat.crypto.aead import BOX_OVERHEAD, OVERHEAD, seal, seal_box, unseal, unseal_box
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import DecryptionError, RemoteProtocolError
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock

KEY = Secret(b"k" * 32)
OWN = AgreementKey(Secret(b"o" * 32))


class Fixed:
    """A clock whose next random bytes are given."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

    def random(self, size: int) -> bytes:
        assert size == len(self._data)
        return self._data


def test_sealing_is_that_of_the_xchacha_draft() -> None:
    # draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        b"future, sunscreen would be it."
    )
    key = Secret(bytes(range(0x80, 0xA0)))
    nonce = bytes(range(0x40, 0x58))
    ad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    sealed = seal(key, text, ad, Fixed(nonce))
    assert sealed[:24] == nonce
    assert sealed[24:].hex() == (
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        "21f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49"
    )
    assert unseal(key, sealed, ad) == text


@given(st.binary(max_size=300), st.binary(max_size=50), st.data())
def test_a_changed_bit_or_a_cut_is_refused(text: bytes, ad: bytes, data: st.DataObject) -> None:
    sealed = seal(KEY, text, ad, FakeClock())
    assert len(sealed) == len(text) + OVERHEAD
    assert unseal(KEY, sealed, ad) == text
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    cut = data.draw(st.integers(0, len(sealed) - 1))
    for wrong in (bytes(changed), sealed[:cut], sealed[cut + 1 :], sealed + b"\0"):
        with pytest.raises(DecryptionError):
            unseal(KEY, wrong, ad)
    with pytest.raises(DecryptionError):
        unseal(KEY, sealed, ad + b"!")
    with pytest.raises(DecryptionError):
        unseal(Secret(b"w" * 32), sealed, ad)


@given(st.binary(max_size=300), st.data())
def test_a_box_opens_for_its_key_and_unchanged_only(text: bytes, data: st.DataObject) -> None:
    box = seal_box(OWN.public, text)
    assert len(box) == len(text) + BOX_OVERHEAD
    assert unseal_box(OWN, box) == text
    assert box != seal_box(OWN.public, text)
    bit = data.draw(st.integers(0, len(box) * 8 - 1))
    changed = bytearray(box)
    changed[bit // 8] ^= 1 << bit % 8
    # X25519 ignores the highest bit of a public key, but the nonce is a hash over all of it.
    for wrong in (bytes(changed), box[:-1], box[: BOX_OVERHEAD - 1], b"", box + b"\0"):
        with pytest.raises(DecryptionError):
            unseal_box(OWN, wrong)
    with pytest.raises(DecryptionError):
        unseal_box(AgreementKey(Secret(b"w" * 32)), box)


@pytest.mark.parametrize("public", [b"", b"x", bytes(32), b"\x01" + bytes(31), bytes(33)])
def test_nothing_is_sealed_to_a_key_that_is_none(public: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        seal_box(public, b"text")

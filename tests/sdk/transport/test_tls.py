from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st
from tests.sdk.transport.scripted import KEY, _builder, _name

from graphchat.transport.tls import by_key, key_of
from graphchat.wire.uri import fingerprint

OWN = Ed25519PrivateKey.from_private_bytes(KEY.seed.reveal())
DER = (
    _builder(_name("relay"), _name("relay"), OWN)
    .sign(OWN, None)
    .public_bytes(serialization.Encoding.DER)
)


def test_a_certificate_names_its_key() -> None:
    assert key_of(DER) == fingerprint(KEY.public)


def test_a_certificate_with_a_key_of_another_kind_names_none() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(
        _name("relay"),
        _name("relay"),
        key.public_key(),
        1,
        *(x509.load_der_x509_certificate(DER).not_valid_before_utc,) * 2,
    )
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert key_of(der) is None


@given(st.binary(max_size=100), st.integers(0, len(DER)))
def test_damaged_certificates_name_no_other_key(noise: bytes, at: int) -> None:
    damaged = DER[:at] + noise + DER[at + len(noise) :]
    assert key_of(damaged) in {None, fingerprint(KEY.public)} or damaged != DER
    assert key_of(noise) is None
    assert key_of(None) is None


def test_contexts_of_two_relays_share_nothing() -> None:
    one, two = by_key(fingerprint(b"1")), by_key(fingerprint(b"2"))
    assert one.fingerprint != two.fingerprint

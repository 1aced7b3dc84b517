from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from graphchat.clock import SystemClock
from graphchat.errors import StateError, StoreError
from graphchat_relay.identity import load_identity, write_certificate

CLOCK = SystemClock()


def test_an_identity_is_made_once_and_kept_for_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "relay" / "identity.key"
    made = load_identity(path, CLOCK)
    assert load_identity(path, CLOCK) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_identity(tmp_path / "another", CLOCK) != made
    assert [file.name for file in path.parent.iterdir()] == ["identity.key"]


@pytest.mark.parametrize("text", ["", "short", "é" * 43, "A" * 42 + "B", "A" * 44])
def test_a_damaged_identity_is_no_new_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "identity.key"
    path.write_text(text)
    with pytest.raises(StoreError, match="damaged"):
        load_identity(path, CLOCK)
    assert path.read_text() == text


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        load_identity(tmp_path / "file" / "identity.key", CLOCK)


@pytest.mark.parametrize("host", ["relay.example", "127.0.0.1", "::1"])
def test_a_certificate_is_of_the_identity_key(tmp_path: Path, host: str) -> None:
    key = load_identity(tmp_path / "identity.key", CLOCK)
    certfile, keyfile = write_certificate(key, host, tmp_path)
    certificate = x509.load_pem_x509_certificate(certfile.read_bytes())
    public = certificate.public_key()
    assert isinstance(public, Ed25519PublicKey)
    assert public.public_bytes_raw() == key.public
    public.verify(certificate.signature, certificate.tbs_certificate_bytes)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert host in [str(name.value) for name in names]
    assert keyfile.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("host", ["", "bad host!", "-x", "x" * 300, "ä.example"])
def test_a_certificate_is_for_a_host(tmp_path: Path, host: str) -> None:
    key = load_identity(tmp_path / "identity.key", CLOCK)
    with pytest.raises(StateError, match="no name of a host"):
        write_certificate(key, host, tmp_path)

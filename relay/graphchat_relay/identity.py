"""The key that makes a relay this relay, and a certificate that shows it."""

import os
import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from graphchat.clock import Clock
from graphchat.crypto.keys import SEED, SigningKey
from graphchat.errors import RemoteProtocolError, StateError, StoreError
from graphchat.secret import Secret
from graphchat.wire.base64url import from_text, to_text

# Clients compare the key and nothing else; the certificate outlives the machine.
VALID: Final = timedelta(days=36_500)
# A name of the DNS, or an address in either spelling.
HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")


def load_identity(path: Path, clock: Clock) -> SigningKey:
    """Read the identity key, or make it at the first start. Raises `StoreError`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            write_secret(path, to_text(clock.random(SEED)).encode() + b"\n")
        text = path.read_text("ascii").strip()
        return SigningKey(Secret(from_text(text, SEED)))
    except OSError as error:
        raise StoreError(
            f"The identity key {path} cannot be used: {error.strerror}."
            " Check its rights, or choose another place with --home."
        ) from None
    except (RemoteProtocolError, UnicodeDecodeError):
        raise StoreError(
            f"The identity key {path} is damaged."
            " Restore a copy of it: clients know the relay by it."
        ) from None


def write_secret(path: Path, data: bytes) -> None:
    """Write a file for the owner's eyes only, whole or not at all. Raises `OSError`."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_certificate(key: SigningKey, host: str, folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for ``host`` and its key; return their paths.

    The identity key itself signs, so whoever knows the fingerprint can check it. Raises
    `StateError` for what is no host, `StoreError`.
    """
    if not HOST.fullmatch(host):
        raise StateError(f"{host!r} is no name of a host: a certificate cannot be made for it.")
    private = Ed25519PrivateKey.from_private_bytes(key.seed.reveal())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "graphchat relay")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, algorithm=None)
    )
    certfile, keyfile = folder / "certificate.pem", folder / "certificate.key"
    try:
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_secret(keyfile, pem)
        write_secret(certfile, certificate.public_bytes(Encoding.PEM))
    except OSError as error:
        raise StoreError(f"The certificate cannot be written: {error.strerror}.") from None
    return certfile, keyfile


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)

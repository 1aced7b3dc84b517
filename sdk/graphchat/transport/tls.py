"""TLS by the usual authorities, or by the relay's own key, which its address names.

A relay without a domain shows a certificate that it signed itself with its identity key.
The comparison happens inside the handshake, so that no byte of a request leaves before.
"""

import ssl
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from graphchat.ids import Fingerprint
from graphchat.wire.uri import fingerprint


class PinnedContext(ssl.SSLContext):
    """Accepts the one certificate whose key is the relay's, whatever its name and date."""

    fingerprint: Fingerprint


def by_key(known: Fingerprint) -> PinnedContext:
    """Return a context for the relay with this fingerprint."""
    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # `_Pinned` verifies
    context.sslobject_class = _Pinned
    context.fingerprint = known
    return context


class _Pinned(ssl.SSLObject):
    def do_handshake(self) -> None:
        super().do_handshake()
        context = self.context
        assert isinstance(context, PinnedContext)
        if key_of(self.getpeercert(binary_form=True)) != context.fingerprint:
            raise ssl.SSLCertVerificationError(_WRONG)


def key_of(certificate: bytes | None) -> Fingerprint | None:
    """Return the fingerprint of the Ed25519 key in a DER certificate; None if it has none."""
    if certificate is None:
        return None
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except Exception:  # noqa: BLE001 - hostile input; the reasons do not matter
        return None
    return fingerprint(key.public_bytes_raw()) if isinstance(key, Ed25519PublicKey) else None


_WRONG: Final = "the certificate is not made with the relay's key"

"""The two sealed handshake bodies: Bob's confirmation, Alice's answer (section 12)."""

from dataclasses import dataclass
from typing import Final, final

from graphchat.clock import Clock
from graphchat.crypto.aead import BOX_OVERHEAD, OVERHEAD, seal, seal_box, unseal, unseal_box
from graphchat.crypto.agreement import Agreed
from graphchat.crypto.envelope import is_padding, pad
from graphchat.crypto.keys import PUBLIC, AgreementKey
from graphchat.errors import DecryptionError
from graphchat.secret import Secret
from graphchat.wire.limits import SIZES

LENGTH: Final = 4


@final
@dataclass(frozen=True, slots=True)
class Confirmation:
    """A confirmation with the outer box open: enough to agree, which opens the rest."""

    ckb: bytes
    ekb0: bytes
    sealed: bytes

    def text(self, agreed: Agreed) -> bytes:
        """Return the MessagePack map. Raises `DecryptionError`."""
        return unseal_text(agreed.confirm_key, self.sealed, agreed.code_hash)


def seal_confirmation(
    agreed: Agreed, eka: bytes, text: bytes, clock: Clock, size: int | None = None
) -> bytes:
    """Return the envelope with Bob's map for the queue of ``eka``.

    None takes the smallest size class that fits. Raises `LocalProtocolError` if it does not fit,
    `RemoteProtocolError` for a key that cannot be one.
    """
    padded = pad_text(text, BOX_OVERHEAD + 2 * PUBLIC + OVERHEAD, size)
    sealed = seal(agreed.confirm_key, padded, agreed.code_hash, clock)
    return seal_box(eka, agreed.ckb + agreed.ekb0 + sealed)


def open_confirmation(eka: AgreementKey, envelope: bytes) -> Confirmation:
    """Open the outer box. Raises `DecryptionError`."""
    data = open_box(eka, envelope)
    return Confirmation(data[:PUBLIC], data[PUBLIC : 2 * PUBLIC], data[2 * PUBLIC :])


def seal_answer(
    agreed: Agreed, ekb: bytes, text: bytes, clock: Clock, size: int | None = None
) -> bytes:
    """Return the envelope with Alice's map for the queue of ``ekb``; see `seal_confirmation`."""
    padded = pad_text(text, BOX_OVERHEAD + OVERHEAD, size)
    return seal_box(ekb, seal(agreed.answer_key, padded, agreed.code_hash, clock))


def open_answer(agreed: Agreed, ekb: AgreementKey, envelope: bytes) -> bytes:
    """Return the MessagePack map. Raises `DecryptionError`."""
    return unseal_text(agreed.answer_key, open_box(ekb, envelope), agreed.code_hash)


def open_box(key: AgreementKey, envelope: bytes) -> bytes:
    if len(envelope) not in SIZES:
        raise DecryptionError("An envelope has a length that is no size class.")
    return unseal_box(key, envelope)


def pad_text(text: bytes, overhead: int, size: int | None) -> bytes:
    return pad(len(text).to_bytes(LENGTH, "big") + text, overhead, size)


def unseal_text(key: Secret, sealed: bytes, code_hash: bytes) -> bytes:
    data = unseal(key, sealed, code_hash)
    end = LENGTH + int.from_bytes(data[:LENGTH], "big")
    if not is_padding(data, end):
        raise DecryptionError("The body of a handshake envelope is not well-formed.")
    return data[LENGTH:end]

"""Our ratchet beside another's: the package doubleratchet, with our KDF and AEAD plugged in.

It has neither header encryption nor ML-KEM, so what can be compared is the rest: each message
key and header, root and chain keys after each step, the skipped keys. It opens our bodies itself.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from doubleratchet import (
    AEAD,
    KDF,
    DiffieHellmanRatchet,
    DoubleRatchet,
    EncryptedMessage,
    Header as OracleHeader,
)
from hypothesis import given, strategies as st

from graphchat.crypto.aead import unseal
from graphchat.crypto.agreement import lane_secrets
from graphchat.crypto.chains import SKIPPED
from graphchat.crypto.envelope import SEALED_HEADER, unpack_body
from graphchat.crypto.kdf import chain_step, hkdf
from graphchat.crypto.keys import AgreementKey
from graphchat.crypto.ratchet import Ratchet
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock

CID: Final = ConnectionId(b"c" * 16)
LANE: Final = lane_secrets(Secret(b"m" * 32), 0)
EKA: Final = AgreementKey.generate(FakeClock(b"eka"))
EKB: Final = AgreementKey.generate(FakeClock(b"ekb"))
BOB, ALICE = 0, 1


class Curve(DiffieHellmanRatchet):
    """X25519; instead of new keys it takes those that our side made for the same step."""

    made: ClassVar[bytes] = b""

    @staticmethod
    def _generate_priv() -> bytes:
        return Curve.made

    @staticmethod
    def _derive_pub(priv: bytes) -> bytes:
        return AgreementKey(Secret(priv)).public

    @staticmethod
    def _perform_diffie_hellman(own_priv: bytes, other_pub: bytes) -> bytes:
        return AgreementKey(Secret(own_priv)).exchange(other_pub).reveal()


class RootKdf(KDF):
    @staticmethod
    async def derive(key: bytes, data: bytes, length: int) -> bytes:
        # Ours takes the next header key from behind the other two.
        return hkdf(data, salt=key, info=b"gc/1 root", size=96).reveal()[:length]


class ChainKdf(KDF):
    @staticmethod
    async def derive(key: bytes, data: bytes, length: int) -> bytes:  # noqa: ARG004  # the signature is theirs
        message, following = chain_step(Secret(key))
        return (following.reveal() + message.reveal())[:length]


class Bodies(AEAD):
    """Opens as we do; sealing shows the message key instead, which is what we want to see."""

    @staticmethod
    async def encrypt(plaintext: bytes, key: bytes, associated_data: bytes) -> bytes:  # noqa: ARG004  # the signature is theirs
        return key

    @staticmethod
    async def decrypt(ciphertext: bytes, key: bytes, associated_data: bytes) -> bytes:
        return unseal(Secret(key), ciphertext, associated_data)


class Oracle(DoubleRatchet):
    @staticmethod
    def _build_associated_data(associated_data: bytes, header: OracleHeader) -> bytes:  # noqa: ARG004  # the signature is theirs
        return associated_data


SETTINGS: Final[dict[str, Any]] = {
    "diffie_hellman_ratchet_class": Curve,
    "root_chain_kdf": RootKdf,
    "message_chain_kdf": ChainKdf,
    "message_chain_constant": b"",
    "dos_protection_threshold": SKIPPED,
    "max_num_skipped_message_keys": SKIPPED,
    "aead": Bodies,
    "shared_secret": LANE.root.reveal(),
}


@dataclass
class Talk:
    """A conversation of ours with an oracle behind each shoulder."""

    ours: list[Ratchet]
    clock: FakeClock = field(default_factory=FakeClock)
    oracles: dict[int, Oracle] = field(default_factory=dict)
    under_way: list[tuple[int, OracleHeader, bytes]] = field(default_factory=list)
    frames: int = 0

    async def send(self, sender: int) -> None:
        sending = self.ours[sender].sending
        if sending is None:
            return
        message_key, _ = chain_step(sending.key)
        told = await self._oracle_seals(sender)
        assert told.ciphertext == message_key.reveal()
        assert told.header.ratchet_pub == sending.header.key
        assert told.header.previous_sending_chain_length == sending.header.previous
        assert told.header.sending_chain_length == sending.header.number
        frame = b"frame %d" % self.frames
        self.frames += 1
        envelope, self.ours[sender] = self.ours[sender].seal(frame, b"", None, CID, self.clock)
        self.under_way.append((1 - sender, told.header, envelope))
        self.compare(sender)

    async def deliver(self, place: int) -> None:
        receiver, header, envelope = self.under_way.pop(place)
        frame, _, self.ours[receiver] = self.ours[receiver].open(envelope, CID, self.clock)
        Curve.made = self.ours[receiver].own.seed.reveal()
        start, body = envelope[:SEALED_HEADER], envelope[SEALED_HEADER:]
        message = EncryptedMessage(header=header, ciphertext=body)
        opened = await self._oracle_opens(receiver, message, CID + start)
        assert unpack_body(opened) == (frame, b"")
        self.compare(receiver)

    async def _oracle_seals(self, sender: int) -> EncryptedMessage:
        if sender in self.oracles:
            return await self.oracles[sender].encrypt_message(b"", b"")
        Curve.made = EKB.seed.reveal()
        self.oracles[sender], told = await Oracle.encrypt_initial_message(
            **SETTINGS, recipient_ratchet_pub=EKA.public, message=b"", associated_data=b""
        )
        return told

    async def _oracle_opens(self, receiver: int, message: EncryptedMessage, ad: bytes) -> bytes:
        if receiver in self.oracles:
            return await self.oracles[receiver].decrypt_message(message, ad)
        self.oracles[receiver], opened = await Oracle.decrypt_initial_message(
            **SETTINGS, own_ratchet_priv=EKA.seed.reveal(), message=message, associated_data=ad
        )
        return opened

    def compare(self, side: int) -> None:
        ours, theirs = self.ours[side], self.oracles[side].model
        assert ours.root.reveal() == theirs.diffie_hellman_ratchet.root_chain.key
        chains = theirs.diffie_hellman_ratchet.symmetric_key_ratchet
        assert ours.sending is not None
        assert chains.sending_chain is not None
        assert ours.sending.key.reveal() == chains.sending_chain.key
        if ours.receiving:
            newest = ours.receiving[0]
            assert newest.key is not None
            assert chains.receiving_chain is not None
            assert newest.key.reveal() == chains.receiving_chain.key
            assert newest.number == chains.receiving_chain.length
        skipped = {(n, key.reveal()) for one in ours.receiving for n, key in one.skipped.items()}
        assert skipped == {(key.index, key.message_key) for key in theirs.skipped_message_keys}


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("send"), st.integers(BOB, ALICE)),
            st.tuples(st.just("deliver"), st.integers(0, 39)),
        ),
        min_size=15,
        max_size=40,
    )
)
async def test_another_double_ratchet_makes_the_same_keys(steps: list[tuple[str, int]]) -> None:
    bob = Ratchet.initiator(LANE, EKB, EKA.public, FakeClock(b"start"), kem=False)
    talk = Talk([bob, Ratchet.responder(LANE, EKA, kem=False)])
    await talk.send(BOB)
    for what, number in steps:
        if what == "send":
            await talk.send(number)
        elif talk.under_way:
            await talk.deliver(number % len(talk.under_way))
    while talk.under_way:
        await talk.deliver(-1)

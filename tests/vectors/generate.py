"""Writes agreement.json, handshake.json, lane.json and lane_kem.json with the library.

Run ``python tests/vectors/generate.py``. What rests on the randomness of a library (sealed boxes,
ML-KEM encapsulation) differs each time; test_vectors.py checks all of it without the library.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from graphchat.crypto.agreement import (
    Agreed,
    Origin,
    Side,
    address_connection_id,
    agree_as_alice,
    agree_as_bob,
    code_hash,
    final_secret,
    lane_secrets,
    safety_words,
)
from graphchat.crypto.handshake import seal_answer, seal_confirmation
from graphchat.crypto.kdf import chain_step
from graphchat.crypto.kem import KemKey, encapsulate
from graphchat.crypto.keys import AgreementKey, SigningKey
from graphchat.crypto.ratchet import Ratchet
from graphchat.errors import RepeatedError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock
from graphchat.wire.limits import M

HERE: Final = Path(__file__).parent
LANES: Final = 2

# What happens in a lane: who seals, or which envelope arrives (by its number, from 0).
TALK: Final = (
    *("bob", "bob", "bob", 0, 2, "alice", "alice", 4, "bob", 5, 1, 3, 5),
    *("bob", "alice", 7, "bob", "bob", 9, 6, "alice", 10, 8),
)


def plain(value: object) -> Any:
    """Return what JSON can hold: bytes as hexadecimal."""
    match value:
        case Secret():
            return value.reveal().hex()
        case bytes():
            return value.hex()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case str() | int() | None:
            return value
        case Iterable():
            return [plain(item) for item in value]
        case _:
            raise TypeError(value)


def pair(key: AgreementKey | SigningKey) -> dict[str, object]:
    return {"private": key.seed, "public": key.public}


class People:
    """Alice and Bob with all keys of one connection, and the code between them."""

    def __init__(self, *, address: bool, private: bool = False) -> None:
        kind = b"address" if address else b"private" if private else b"invitation"
        alice, bob = FakeClock(b"alice " + kind), FakeClock(b"bob " + kind)
        self.address, self.private = address, private
        self.id = alice.random(16)
        self.psk = None if address else Secret(alice.random(32))
        self.cka, self.ckb = AgreementKey.generate(alice), AgreementKey.generate(bob)
        self.pka, self.pkb = SigningKey.generate(alice), SigningKey.generate(bob)
        self.eka = [AgreementKey.generate(alice) for _ in range(LANES)]
        self.ekb = [AgreementKey.generate(bob) for _ in range(LANES)]
        self.ska = [SigningKey.generate(alice) for _ in range(LANES)]
        self.skb = [SigningKey.generate(bob) for _ in range(LANES)]
        self.queue_a = [self._queue(b"a", key, alice) for key in self.eka]
        self.queue_b = [self._queue(b"b", key, bob) for key in self.ekb]
        self.kem = KemKey.generate(bob)
        self.clocks = {"alice": alice, "bob": bob}
        self.payload = self._payload()
        self.hash = code_hash(self.payload, address=address)
        self.cid = (
            address_connection_id(self.id, self.ckb.public) if address else ConnectionId(self.id)
        )

    @staticmethod
    def _queue(name: bytes, key: AgreementKey, clock: FakeClock) -> list[bytes | str]:
        base = f"https://{name.decode()}.example/q"
        return [clock.random(16), base, clock.random(18), key.public]

    def _payload(self) -> bytes:
        parts = [b"\x01", self.id, self.psk.reveal() if self.psk else b"", self.cka.public]
        parts.append(bytes([LANES | 0x80 * self.private]))
        for fingerprint, base, sender_id, key in self.queue_a:
            assert isinstance(base, str)
            assert isinstance(fingerprint, bytes)
            assert isinstance(sender_id, bytes)
            assert isinstance(key, bytes)
            parts += [fingerprint, bytes([len(base)]), base.encode(), sender_id, key]
        return b"".join(parts)

    def agree(self) -> Agreed:
        alice, bob = Side(self.cka, self.eka[0]), Side(self.ckb, self.ekb[0])
        here = agree_as_bob(bob, self.cka.public, self.eka[0].public, self.hash, self.psk)
        there = agree_as_alice(alice, self.ckb.public, self.ekb[0].public, self.hash, self.psk)
        assert here == there
        return here


def agreement(people: People) -> dict[str, object]:
    agreed = people.agree()
    ciphertext, secret = encapsulate(people.kem.public) if people.address else (None, None)
    ms = final_secret(agreed.ms0, secret, private=people.private)
    origin = Origin(people.hash, people.cid, people.ckb.public, people.private)
    hello = origin.confirmation_statement(people.pkb.public)
    back = origin.answer_statement(people.pka.public, people.pkb.public)
    return {
        "kind": "ADDRESS" if people.address else "INVITE",
        "private": people.private,
        "payload": people.payload,
        "id": people.id,
        "psk": people.psk,
        "H": people.hash,
        "CKA": pair(people.cka),
        "CKB": pair(people.ckb),
        "EKA": [pair(key) for key in people.eka],
        "EKB": [pair(key) for key in people.ekb],
        "PKA": pair(people.pka),
        "PKB": pair(people.pkb),
        "ms0": agreed.ms0,
        "confirm_key": agreed.confirm_key,
        "answer_key": agreed.answer_key,
        "kem": {
            "private": people.kem.seed,
            "public": people.kem.public,
            "ciphertext": ciphertext,
            "secret": secret,
        }
        if people.address
        else None,
        "ms": ms,
        "cid": people.cid,
        "lanes": [
            {"root": lane.root, "bob": lane.bob_header, "alice": lane.alice_next_header}
            for lane in (lane_secrets(ms, index) for index in range(LANES))
        ],
        "confirmation": {"signed": hello, "signature": people.pkb.sign(hello)},
        "answer": {"signed": back, "signature": people.pka.sign(back)},
        "safety_words": safety_words(ms, people.pka.public, people.pkb.public),
    }


def handshake(people: People, facts: Mapping[str, Any]) -> dict[str, object]:
    """Return the envelopes of confirmation and answer; ``facts`` are those of `agreement`."""
    agreed = people.agree()
    sender = {"proof": people.pkb.public, "signature": facts["confirmation"]["signature"]}
    confirmation = {
        "lanes": [[*q, key.public] for q, key in zip(people.queue_b, people.skb, strict=True)],
        **sender,
        "profile": {"name": "Bob", "kind": "person"},
        "kem": people.kem.public,
    }
    answer = {
        "lanes": [[*q, key.public] for q, key in zip(people.queue_a, people.ska, strict=True)],
        "proof": people.pka.public,
        "signature": facts["answer"]["signature"],
        "profile": {"name": "Alice", "kind": "person", "bio": "made the code"},
    }
    if people.private:
        confirmation["mode"] = answer["mode"] = "private"
    if people.address:
        confirmation["text"] = "Hello, it is Bob."
        answer["kem"] = facts["kem"]["ciphertext"]
    hello, back = msgspec.msgpack.encode(confirmation), msgspec.msgpack.encode(answer)
    bob, alice = people.clocks["bob"], people.clocks["alice"]
    return {
        "confirmation": {
            "map": hello,
            "envelopes": [seal_confirmation(agreed, k.public, hello, bob) for k in people.eka],
        },
        "answer": {
            "map": back,
            "envelopes": [seal_answer(agreed, k.public, back, alice) for k in people.ekb],
        },
    }


def state(ratchet: Ratchet) -> dict[str, object]:
    sending = ratchet.sending
    return {
        "root": ratchet.root,
        "ratchet_key": ratchet.own.seed,
        "kem_key": ratchet.kem.seed if ratchet.kem else None,
        "sending": sending
        and {
            "header_key": sending.header_key,
            "chain_key": sending.key,
            "PN": sending.header.previous,
            "N": sending.header.number,
        },
        "next_sending_header_key": ratchet.next_sending,
        "next_receiving_header_key": ratchet.next_receiving,
        "receiving": [
            {
                "header_key": chain.header_key,
                "chain_key": chain.key,
                "N": chain.number,
                "skipped": chain.skipped,
            }
            for chain in ratchet.receiving
        ],
    }


class Talk:
    """A scripted conversation over one lane, and what is written down of it."""

    def __init__(self, *, kem: bool) -> None:
        name = b"lane kem" if kem else b"lane"
        self.clocks = {side: FakeClock(name + b" " + side.encode()) for side in ("alice", "bob")}
        self.ms = Secret(FakeClock(name).random(32))
        self.cid = ConnectionId(FakeClock(name + b" cid").random(16))
        lane = lane_secrets(self.ms, 0)
        eka, ekb = (AgreementKey.generate(self.clocks[side]) for side in ("alice", "bob"))
        self.keys = {"EKA_0": pair(eka), "EKB_0": pair(ekb)}
        self.sides = {
            "alice": Ratchet.responder(lane, eka, kem=kem),
            "bob": Ratchet.initiator(lane, ekb, eka.public, self.clocks["bob"], kem=kem),
        }
        self.envelopes: list[tuple[str, bytes, bytes, bytes]] = []
        self.events: list[dict[str, object]] = []

    def seal(self, side: str) -> None:
        number = len(self.envelopes)
        frame = f"frame {number} by {side}".encode()
        signature = b"" if number % 3 == 2 else bytes([number]) * 64
        size = M if number == 4 else None
        before = self.sides[side]
        assert before.sending is not None
        envelope, self.sides[side] = before.seal(
            frame, signature, size, self.cid, self.clocks[side]
        )
        other = "bob" if side == "alice" else "alice"
        self.envelopes.append((other, envelope, frame, signature))
        self.events.append(
            {
                "seal": number,
                "by": side,
                "state": state(before),
                "ratchet_public": before.sending.header.key,
                "message_key": chain_step(before.sending.key)[0],
                "frame": frame,
                "signature": signature,
                "envelope": envelope,
            }
        )

    def open(self, number: int) -> None:
        side, envelope, *sent = self.envelopes[number]
        before = self.sides[side]
        event = {"open": number, "by": side, "state": state(before)}
        try:
            frame, signature, self.sides[side] = before.open(envelope, self.cid, self.clocks[side])
        except RepeatedError:
            event["repeated"] = 1
        else:
            assert [frame, signature] == sent
            event["encapsulated"] = self._encapsulated(side, before)
        self.events.append(event)

    def _encapsulated(self, side: str, before: Ratchet) -> dict[str, object] | None:
        """Return what ``side`` has just encapsulated, and what the other side makes of it."""
        after, other = self.sides[side], self.sides["bob" if side == "alice" else "alice"]
        if after.own == before.own or not after.sending or not after.sending.header.kem_ciphertext:
            return None
        ciphertext = after.sending.header.kem_ciphertext
        assert other.kem is not None
        return {"ciphertext": ciphertext, "secret": other.kem.decapsulate(ciphertext)}

    def run(self) -> dict[str, object]:
        for what in TALK:
            if isinstance(what, str):
                self.seal(what)
            else:
                self.open(what)
        return {"ms": self.ms, "cid": self.cid, **self.keys, "events": self.events}


def main() -> None:
    everybody = [
        People(address=False),
        People(address=True),
        People(address=False, private=True),
    ]
    agreements = [agreement(people) for people in everybody]
    handshakes = [handshake(*pair) for pair in zip(everybody, agreements, strict=True)]
    files = {
        "agreement": agreements,
        "handshake": handshakes,
        "lane": Talk(kem=False).run(),
        "lane_kem": Talk(kem=True).run(),
    }
    for name, content in files.items():
        (HERE / f"{name}.json").write_text(json.dumps(plain(content), indent=1) + "\n")


if __name__ == "__main__":
    main()

"""The files hold for the text of the specification (plain.py) and for the library."""

import json
from base64 import b32encode
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt
from nacl.public import PrivateKey, SealedBox
from tests.vectors import generate
from tests.vectors.plain import hkdf, public, sides, x25519

from graphchat.codes.invitation import Code
from graphchat.crypto.agreement import Side, agree_as_alice, agree_as_bob
from graphchat.crypto.chains import Chain
from graphchat.crypto.handshake import open_answer, open_confirmation
from graphchat.crypto.kem import KemKey
from graphchat.crypto.keys import AgreementKey
from graphchat.crypto.ratchet import Ratchet
from graphchat.errors import RepeatedError
from graphchat.ids import ConnectionId
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock

HERE: Final = Path(__file__).parent
LANES: Final = [("lane", False), ("lane_kem", True)]


def load(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text())


def raw(text: str | None) -> bytes:
    return bytes.fromhex(text or "")


def secret(text: str) -> Secret:
    return Secret(raw(text))


def key(pair: dict[str, str]) -> AgreementKey:
    return AgreementKey(secret(pair["private"]))


AGREEMENTS: Final = load("agreement")
CASES: Final = list(zip(AGREEMENTS, load("handshake"), strict=True))


@pytest.mark.parametrize("facts", AGREEMENTS, ids=lambda facts: facts["kind"])
def test_an_agreement_follows_from_the_text(facts: dict[str, Any]) -> None:
    address = facts["kind"] == "ADDRESS"
    h = sha256(b"gc/1 code" + bytes([address]) + raw(facts["payload"])).digest()
    cka, ckb, eka, ekb = facts["CKA"], facts["CKB"], facts["EKA"], facts["EKB"]
    for pair in (cka, ckb, *eka, *ekb):
        assert public(raw(pair["private"])).hex() == pair["public"]
    pairs = ((ckb, cka), (ckb, eka[0]), (ekb[0], cka))
    dh = b"".join(x25519(raw(own["private"]), raw(other["public"])) for own, other in pairs)
    info = b"gc/1 x3dh" + h + raw(ckb["public"]) + raw(ekb[0]["public"])
    ms = ms0 = hkdf(dh, raw(facts["psk"]) or bytes(32), info, 32)
    cid = raw(facts["id"])
    if address:
        own = MLKEM768PrivateKey.from_seed_bytes(raw(facts["kem"]["private"]))
        assert own.public_key().public_bytes_raw().hex() == facts["kem"]["public"]
        assert own.decapsulate(raw(facts["kem"]["ciphertext"])).hex() == facts["kem"]["secret"]
        ms = hkdf(raw(facts["kem"]["secret"]), ms0, b"gc/1 kem", 32)
        cid = sha256(b"gc/1 cid" + cid + raw(ckb["public"])).digest()[:16]
    if facts["private"]:
        ms = hkdf(ms, b"", b"gc/1 private", 32)
    assert [facts[name] for name in ("H", "ms0", "ms", "cid")] == [
        value.hex() for value in (h, ms0, ms, cid)
    ]
    assert facts["confirm_key"] == hkdf(ms0, b"", b"gc/1 confirm", 32).hex()
    assert facts["answer_key"] == hkdf(ms0, b"", b"gc/1 answer", 32).hex()
    for index, lane in enumerate(facts["lanes"]):
        data = hkdf(ms, b"", b"gc/1 lane" + bytes([index]), 96).hex()
        assert data == lane["root"] + lane["bob"] + lane["alice"]


@pytest.mark.parametrize("facts", AGREEMENTS, ids=lambda facts: facts["kind"])
def test_proofs_and_safety_words_follow_from_the_text(facts: dict[str, Any]) -> None:
    pka, pkb = facts["PKA"], facts["PKB"]
    start = b"gc/1 hello" + b"".join(raw(facts[name]) for name in ("H", "cid"))
    start += raw(facts["CKB"]["public"])
    mode = bytes([facts["private"]])
    for who, pair, signed in (
        ("confirmation", pkb, start + raw(pkb["public"]) + mode),
        ("answer", pka, start + raw(pka["public"]) + raw(pkb["public"]) + mode),
    ):
        own = Ed25519PrivateKey.from_private_bytes(raw(pair["private"]))
        assert own.public_key().public_bytes_raw().hex() == pair["public"]
        assert facts[who]["signed"] == signed.hex()
        Ed25519PublicKey.from_public_bytes(raw(pair["public"])).verify(
            raw(facts[who]["signature"]), signed
        )
    info = b"gc/1 sas" + raw(pka["public"]) + raw(pkb["public"])
    numbers = hkdf(raw(facts["ms"]), b"", info, 9).hex()
    assert facts["safety_words"] == [word(int(numbers[at : at + 3], 16)) for at in range(0, 18, 3)]


def word(number: int) -> str:
    """Return a word as the table in section 12 says it."""
    onsets = "b br d dr fl fr g gl gr k l m pl s st v"
    middles = "b d f g j k l m n nd p r s t v w"
    return (
        onsets.split()[number // 256]
        + "aeio"[number // 64 % 4]
        + middles.split()[number // 4 % 16]
        + ["an", "el", "in", "or"][number % 4]
    )


@pytest.mark.parametrize(("facts", "envelopes"), CASES, ids=["INVITE", "ADDRESS", "private"])
def test_handshake_envelopes_open_as_the_text_says(
    facts: dict[str, Any], envelopes: dict[str, Any]
) -> None:
    for who, keys, name in (
        ("confirmation", "EKA", "confirm_key"),
        ("answer", "EKB", "answer_key"),
    ):
        text = raw(envelopes[who]["map"])
        for pair, envelope in zip(facts[keys], envelopes[who]["envelopes"], strict=True):
            assert len(raw(envelope)) == 4608
            inner = SealedBox(PrivateKey(raw(pair["private"]))).decrypt(raw(envelope))
            if who == "confirmation":
                start = raw(facts["CKB"]["public"]) + raw(facts["EKB"][0]["public"])
                assert inner[:64] == start
                inner = inner[64:]
            body = decrypt(inner[24:], raw(facts["H"]), inner[:24], raw(facts[name]))
            assert body == (len(text).to_bytes(4, "big") + text).ljust(len(body), b"\0")
        told = msgspec.msgpack.decode(text)
        assert told["signature"].hex() == facts[who]["signature"]
        assert [lane[3].hex() for lane in told["lanes"]] == [
            pair["public"] for pair in facts["EKA" if who == "answer" else "EKB"]
        ]


@pytest.mark.parametrize(("facts", "envelopes"), CASES, ids=["INVITE", "ADDRESS", "private"])
def test_handshake_envelopes_open_with_the_library(
    facts: dict[str, Any], envelopes: dict[str, Any]
) -> None:
    h, psk = raw(facts["H"]), secret(facts["psk"]) if facts["psk"] else None
    alice = Side(key(facts["CKA"]), key(facts["EKA"][0]))
    bob = Side(key(facts["CKB"]), key(facts["EKB"][0]))
    here = agree_as_bob(bob, alice.connection.public, alice.ratchet.public, h, psk)
    for pair, envelope in zip(facts["EKA"], envelopes["confirmation"]["envelopes"], strict=True):
        opened = open_confirmation(key(pair), raw(envelope))
        there = agree_as_alice(alice, opened.ckb, opened.ekb0, h, psk)
        assert there == here
        assert opened.text(there).hex() == envelopes["confirmation"]["map"]
    for pair, envelope in zip(facts["EKB"], envelopes["answer"]["envelopes"], strict=True):
        assert open_answer(here, key(pair), raw(envelope)).hex() == envelopes["answer"]["map"]


@pytest.mark.parametrize("facts", AGREEMENTS, ids=lambda facts: facts["kind"])
def test_the_payload_is_that_of_a_code(facts: dict[str, Any]) -> None:
    text = b32encode(raw(facts["payload"])).decode().rstrip("=")
    code = Code.parse(f"GRAPHCHAT:{facts['kind']}/{text}")
    assert code.hash.hex() == facts["H"]


@pytest.mark.parametrize(("name", "kem"), LANES)
def test_a_lane_follows_from_the_text(name: str, *, kem: bool) -> None:
    vector = load(name)
    people = sides(vector, name=name.replace("_", " ").encode(), kem=kem)
    envelopes: dict[int, dict[str, str]] = {}
    for event in vector["events"]:
        side = people[event["by"]]
        if "seal" in event:
            assert public(side.DHs).hex() == event["ratchet_public"]
            frame, signature = raw(event["frame"]), raw(event["signature"])
            made = side.seal(frame, signature, len(event["envelope"]) // 2)
            assert [part.hex() for part in made] == [event["message_key"], event["envelope"]]
            envelopes[event["seal"]] = event
        else:
            sent = envelopes[event["open"]]
            expected = None if "repeated" in event else (sent["frame"], sent["signature"])
            opened = side.open(raw(sent["envelope"]))
            assert (opened and tuple(part.hex() for part in opened)) == expected


@pytest.mark.parametrize(("name", "kem"), LANES)
def test_each_envelope_opens_with_the_library_from_the_state_before_it(
    name: str, *, kem: bool
) -> None:
    vector = load(name)
    cid = ConnectionId(raw(vector["cid"]))
    envelopes = {event["seal"]: event for event in vector["events"] if "seal" in event}
    for event in vector["events"]:
        if "open" not in event:
            continue
        sent = envelopes[event["open"]]
        side = restored(event["state"], kem=kem)
        if "repeated" in event:
            with pytest.raises(RepeatedError):
                side.open(raw(sent["envelope"]), cid, FakeClock())
        else:
            opened = side.open(raw(sent["envelope"]), cid, FakeClock())[:2]
            assert opened == (raw(sent["frame"]), raw(sent["signature"]))


def restored(state: dict[str, Any], *, kem: bool) -> Ratchet:
    return Ratchet(
        kem,
        secret(state["root"]),
        AgreementKey(secret(state["ratchet_key"])),
        KemKey(secret(state["kem_key"])) if state["kem_key"] else None,
        secret(state["next_sending_header_key"]),
        secret(state["next_receiving_header_key"]),
        receiving=tuple(
            Chain(
                secret(chain["header_key"]),
                secret(chain["chain_key"]) if chain["chain_key"] else None,
                chain["N"],
                {int(number): secret(kept) for number, kept in chain["skipped"].items()},
            )
            for chain in state["receiving"]
        ),
    )


def test_what_is_not_random_is_made_again_byte_for_byte() -> None:
    assert generate.plain(generate.Talk(kem=False).run()) == load("lane")
    invitation = generate.agreement(generate.People(address=False))
    assert generate.plain(invitation) == AGREEMENTS[0]

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, strategies as st
from tests.vectors import make_codes

from graphchat.codes import MAX_CODE, Code, CodeLane, Kind
from graphchat.codes.invitation import MAX_WORK, PREFIX, WORK, from_base32, to_base32
from graphchat.errors import CodeError, LocalProtocolError
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.wire.uri import RelayAddress

VECTORS: Final = json.loads(Path(__file__).parents[2].joinpath("vectors/codes.json").read_text())
# What its reader is told, by the fault.
SAYS: Final = {
    "empty": "There is no code. Paste",
    "no code": "no graphchat code",
    "no code behind the #": "behind the # of this link",
    "http link": "begins with https://. Do not use",
    "newer version": "newer graphchat. Update",
    "unknown kind": "neither an invitation nor an address",
    "cut": "cut off",
    "damaged": "is damaged",
    "strange characters": "holds characters that no code has",
    "relay": "names a relay that cannot be used",
    "too long": "too long for a graphchat code",
}

KEYS: Final = st.binary(min_size=32, max_size=32)
IDS: Final = st.binary(min_size=16, max_size=16)
BASES: Final = st.sampled_from(
    [
        "https://relay.example/q",
        "https://relay.example:8443/some/where/q",
        "http://127.0.0.1:5000/q",
        "http://localhost/q",
        "https://[2001:db8::1]/q",
    ]
)
LANES: Final = st.builds(
    CodeLane,
    IDS.map(Fingerprint),
    BASES,
    st.binary(min_size=18, max_size=18).map(QueueId),
    KEYS,
)
SOME_LANES: Final = st.lists(LANES, min_size=1, max_size=8).map(tuple)
CODES: Final = st.one_of(
    st.builds(Code, st.just(Kind.INVITE), IDS, KEYS.map(Secret), KEYS, SOME_LANES),
    st.builds(
        Code,
        st.just(Kind.ADDRESS),
        IDS,
        st.none(),
        KEYS,
        SOME_LANES,
        st.booleans(),
        st.integers(0, MAX_WORK),
    ),
)


def lane(base: str = "https://relay.example/q") -> CodeLane:
    return CodeLane(Fingerprint(bytes(16)), base, QueueId(bytes(18)), bytes(32))


def invitation(*lanes: CodeLane) -> Code:
    return Code(Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), lanes)


@given(CODES)
def test_parse_is_the_inverse_of_text(code: Code) -> None:
    assert Code.parse(code.text) == code
    assert Code.parse(code.text).hash == code.hash


@given(CODES, st.randoms(use_true_random=False))
def test_case_and_white_space_round_it_do_not_matter(code: Code, random: Any) -> None:
    mixed = "".join(random.choice([char, char.lower()]) for char in code.text)
    assert Code.parse(f" \t\n{mixed}\r\n ") == code
    assert Code.parse(mixed).hash == code.hash


@given(CODES, st.sampled_from(["https://graphchat.example/join", "HTTPS://x/?a=b&c", "https://"]))
def test_a_code_is_found_behind_any_https_url(code: Code, page: str) -> None:
    assert Code.parse(f"{page}#{code.text}") == code


@pytest.mark.parametrize("page", ["", "https://graphchat.example/#"])
@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["kind"])
def test_no_beginning_of_a_code_is_taken_for_a_code(vector: dict[str, str], page: str) -> None:
    text = page + vector["text"]
    for end in range(len(text)):
        with pytest.raises(CodeError) as caught:
            Code.parse(text[:end])
        if end > len(page):
            assert "cut off" in str(caught.value)


@given(CODES, st.data())
def test_a_code_with_another_letter_is_another_code_or_refused(
    code: Code, data: st.DataObject
) -> None:
    text = code.text
    at = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.characters(codec="utf-8"))
    changed = text[:at] + char + text[at + 1 :]
    try:
        read = Code.parse(changed)
    except CodeError:
        return
    assert (read == code) == (changed.upper() == text)
    assert (read.hash == code.hash) == (changed.upper() == text)


@given(st.text(max_size=200) | st.text("GRAPHCT:INVED/SA234567#", max_size=400))
def test_any_text_is_read_or_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(CodeError):
        Code.parse(text)


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["kind"])
def test_codes_are_those_of_the_specification(vector: dict[str, Any]) -> None:
    code = Code(
        kind=Kind[vector["kind"]],
        id=bytes.fromhex(vector["id"]),
        psk=Secret(bytes.fromhex(vector["psk"])) if vector["psk"] else None,
        agreement_key=bytes.fromhex(vector["agreement_key"]),
        lanes=tuple(
            CodeLane(
                Fingerprint(bytes.fromhex(each["relay"])),
                each["base"],
                QueueId(bytes.fromhex(each["sender_id"])),
                bytes.fromhex(each["ratchet_key"]),
            )
            for each in vector["lanes"]
        ),
        private=vector["private"],
        work=vector["work"],
        until=vector["until"],
    )
    assert code.text == vector["text"]
    assert Code.parse(vector["text"]) == code
    assert code.hash.hex() == vector["hash"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["fault"])
def test_each_fault_has_its_own_sentence(vector: dict[str, str]) -> None:
    with pytest.raises(CodeError) as caught:
        Code.parse(vector["text"])
    assert SAYS[vector["fault"]] in str(caught.value)


def test_a_relay_without_encryption_is_explained() -> None:
    bad = next(each["text"] for each in VECTORS["refused"] if each["fault"] == "relay")
    with pytest.raises(CodeError, match="Plain http is for relays on this machine only"):
        Code.parse(bad)


def test_a_code_that_would_be_too_long_is_not_written() -> None:
    lanes = (lane("https://relay.example/" + "q" * 230),) * 8
    with pytest.raises(CodeError, match=f"{MAX_CODE:,} are allowed. Use fewer relays"):
        _ = invitation(*lanes).text
    assert len(invitation(*lanes[:7]).text) < MAX_CODE


def test_a_code_with_a_part_of_a_wrong_form_cannot_be_made() -> None:
    short = CodeLane(Fingerprint(bytes(16)), "https://a/q", QueueId(bytes(17)), bytes(32))
    wrong = [
        (Kind.INVITE, bytes(16), None, bytes(32), (lane(),)),
        (Kind.ADDRESS, bytes(16), Secret(bytes(32)), bytes(32), (lane(),)),
        (Kind.INVITE, bytes(15), Secret(bytes(32)), bytes(32), (lane(),)),
        (Kind.INVITE, bytes(16), Secret(bytes(31)), bytes(32), (lane(),)),
        (Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(33), (lane(),)),
        (Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), ()),
        (Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), (lane(),) * 9),
        (Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), (short,)),
        (Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), (lane("http://far.example/q"),)),
        (Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), (lane("https://a/q/token"),)),
    ]
    for parts in wrong:
        with pytest.raises(LocalProtocolError):
            Code(*parts)


def test_work_is_for_addresses_and_has_its_limits() -> None:
    parts = (bytes(16), Secret(bytes(32)), bytes(32), (lane(),))
    with pytest.raises(LocalProtocolError, match="0 to 26"):
        Code(Kind.INVITE, *parts, work=1)
    for bits in (-1, MAX_WORK + 1):
        with pytest.raises(LocalProtocolError, match="0 to 26"):
            Code(Kind.ADDRESS, bytes(16), None, bytes(32), (lane(),), work=bits)


@pytest.mark.parametrize("bits", [0, MAX_WORK + 1, 255])
def test_an_address_that_wants_impossible_work_is_damaged(bits: int) -> None:
    code = Code(Kind.ADDRESS, bytes(16), None, bytes(32), (lane(),), work=5)
    payload = from_base32(code.text.partition("/")[2])
    assert payload[49:51] == bytes([WORK | 1, 5])
    changed = payload[:50] + bytes([bits]) + payload[51:]
    with pytest.raises(CodeError, match="is damaged"):
        Code.parse(f"{PREFIX}ADDRESS/{to_base32(changed)}")


def test_an_invitation_that_wants_work_is_damaged() -> None:
    code = Code(Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), (lane(),))
    payload = from_base32(code.text.partition("/")[2])
    changed = payload[:81] + bytes([WORK | 1, 5]) + payload[82:]
    with pytest.raises(CodeError, match="is damaged"):
        Code.parse(f"{PREFIX}INVITE/{to_base32(changed)}")


def test_a_code_shows_none_of_its_secrets() -> None:
    code = Code(Kind.INVITE, b"i" * 16, Secret(b"p" * 32), b"k" * 32, (lane(),))
    shown = repr(code)
    assert not any(secret in shown for secret in ("iiii", "pppp", "kkkk", "\\x00" * 18))


def test_a_lane_knows_the_address_of_its_relay() -> None:
    assert lane().address == RelayAddress("https://relay.example/q", Fingerprint(bytes(16)))


def test_the_vectors_are_those_that_their_script_makes() -> None:
    assert VECTORS["valid"] == [*make_codes.valid()]
    assert [(each["fault"], each["text"]) for each in VECTORS["refused"]] == [
        *make_codes.refused()
    ]

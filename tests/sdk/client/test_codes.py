from pathlib import Path

import pytest
from PIL import Image as Pillow

from graphchat.client import codes
from graphchat.clock import Clock
from graphchat.codes import Kind, qr
from graphchat.content import ProfileCard
from graphchat.core.effects import Put, Store
from graphchat.core.handshake import Phase, Role
from graphchat.core.lane import LaneState
from graphchat.crypto import kem
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import CodeError, ContentError, LocalProtocolError
from graphchat.secret import Secret
from graphchat.testing.clock import FakeClock

CARD = ProfileCard("Alice", "person")


def lanes(count: int, clock: Clock) -> list[LaneState]:
    return [
        LaneState(
            number=number,
            relay=clock.random(16),
            base=f"https://relay{number}.example/q",
            recipient_id=clock.random(18),
            sender_id=clock.random(18),
            recipient_key=Secret(clock.random(32)),
            sender_key=Secret(clock.random(32)),
            ratchet_key=Secret(clock.random(32)),
        )
        for number in range(count)
    ]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(b"codes")


def test_an_invitation_says_where_and_keeps_its_keys(clock: FakeClock) -> None:
    own = lanes(2, clock)
    code, connection = codes.invitation(own, CARD, clock)
    assert (code.kind, connection.phase) == (Kind.INVITE, Phase.INVITED)
    assert connection.cid == code.id
    assert [lane.sender_id for lane in code.lanes] == [lane.sender_id for lane in own]
    for lane in own:
        for secret in (lane.recipient_key, lane.sender_key, lane.ratchet_key):
            assert secret is not None
            assert secret.reveal() not in code._payload


def test_an_address_is_stored_with_what_opens_requests(clock: FakeClock) -> None:
    code, state = codes.address(lanes(2, clock), clock)
    assert (code.kind, code.psk, state.code.is_address) == (Kind.ADDRESS, None, True)
    assert AgreementKey(state.agreement_key).public == code.agreement_key
    assert state.code.hash == code.hash


@pytest.mark.parametrize("kind", [Kind.INVITE, Kind.ADDRESS])
def test_an_answer_goes_to_every_lane_of_the_code(clock: FakeClock, kind: Kind) -> None:
    make = codes.invitation(lanes(3, clock), CARD, clock)[0]
    code = make if kind is Kind.INVITE else codes.address(lanes(3, clock), clock)[0]
    connection, effects = codes.answer(code, lanes(1, clock), codes.Asker(CARD, "hello"), clock)
    shake = connection.state.handshake
    assert (shake.role, shake.phase) == (Role.BOB, Phase.REQUESTED)
    assert (connection.cid == code.id) == (kind is Kind.INVITE)
    puts = [effect for effect in effects if isinstance(effect, Put)]
    assert [put.offer.sender_id for put in puts] == [lane.sender_id for lane in code.lanes]
    assert sum(isinstance(effect, Store) for effect in effects) == 1


def test_too_long_a_text_is_refused(clock: FakeClock) -> None:
    code, _ = codes.address(lanes(1, clock), clock)
    with pytest.raises(ContentError, match="1000"):
        codes.answer(code, lanes(1, clock), codes.Asker(CARD, "x" * 1001), clock)


def test_a_lane_that_has_started_makes_no_code(clock: FakeClock) -> None:
    [lane] = lanes(1, clock)
    lane.ratchet_key = None
    with pytest.raises(LocalProtocolError):
        codes.invitation([lane], CARD, clock)


def test_an_address_needs_ml_kem(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = codes.address(lanes(1, clock), clock)
    monkeypatch.setattr(kem, "available", lambda: False)
    with pytest.raises(CodeError, match="ML-KEM"):
        codes.answer(code, lanes(1, clock), codes.Asker(CARD, ""), clock)


def test_a_code_is_read_from_a_link_a_file_and_a_picture(clock: FakeClock, tmp_path: Path) -> None:
    code, _ = codes.invitation(lanes(2, clock), CARD, clock)
    picture, path = qr.write(code.text), tmp_path / "code.png"
    picture.save(path)
    sources: list[str | Path | Pillow.Image] = [code.text, f"https://x.example/#{code.text}"]
    for source in [*sources, path, picture]:
        assert codes.read(source) == code

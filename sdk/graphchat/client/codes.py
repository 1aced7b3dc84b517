"""From codes to connections and back: what `invite`, `connect` and `address` are made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from PIL import Image as Pillow

from graphchat.client.address_state import AddressLane, AddressState
from graphchat.clock import Clock
from graphchat.codes import Code, CodeLane, Kind, qr
from graphchat.content import ProfileCard
from graphchat.content.lanes import Offer
from graphchat.core.connection import Connection
from graphchat.core.effects import Effect
from graphchat.core.handshake import MAX_TEXT, CodeKeys, HandshakeState, Mode, Phase, Role
from graphchat.core.introduction import Meeting, Met
from graphchat.core.lane import LaneState
from graphchat.core.rekey import rekey_id
from graphchat.crypto import kem
from graphchat.crypto.agreement import address_connection_id
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import CodeError, ContentError, LocalProtocolError
from graphchat.ids import ConnectionId, Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.wire.limits import OPEN_QUEUE_DAYS

ID_SIZE: Final = 16
KEY_SIZE: Final = 32
# Seconds: an invitation is good for as long as a relay keeps a queue that nobody uses.
INVITE_LASTS: Final = OPEN_QUEUE_DAYS * 86_400.0
REKEY_LASTS: Final = 7 * 86_400.0
MAX_LASTS: Final = 366 * 86_400.0
# Clocks may differ by so many seconds.
SKEW: Final = 300.0


def read(source: str | Path | Pillow.Image) -> Code:
    """Return the code in a link, or in a picture. Raises `CodeError`."""
    return Code.parse(source if isinstance(source, str) else qr.read(source))


def invitation(  # noqa: PLR0913 - what a code is
    lanes: Sequence[LaneState],
    card: ProfileCard,
    clock: Clock,
    *,
    private: bool = False,
    lasts: float = INVITE_LASTS,
    kind: Kind = Kind.INVITE,
    name: Callable[[bytes], bytes] | None = None,
) -> tuple[Code, Connection]:
    """Return a fresh one-time code for ``lanes``, and the connection that waits for it.

    ``name`` makes its id of its X25519 key; without it, the id is random.
    """
    key, psk = AgreementKey.generate(clock), Secret(clock.random(KEY_SIZE))
    code_lanes, until = tuple(map(_code_lane, lanes)), _until(clock, lasts)
    code_name = clock.random(ID_SIZE) if name is None else name(key.public)
    code = Code(kind, code_name, psk, key.public, code_lanes, private, until=until)
    shake = HandshakeState(
        role=Role.ALICE,
        phase=Phase.INVITED,
        code=CodeKeys(code.hash, code.id, psk, is_address=False, private=private, until=until),
        cid=code.id,
        profile=card,
        proof_key=Secret(clock.random(KEY_SIZE)),
        agreement_key=key.seed,
        mode=Mode.PRIVATE if private else Mode.PROVABLE,
    )
    return code, Connection.begin(shake, lanes, clock)


def shown_again(connection: Connection) -> Code:
    """Return the code of an invitation that waits, as it was made."""
    shake, lanes = connection.state.handshake, connection.lanes.values()
    if shake.phase is not Phase.INVITED or shake.agreement_key is None:
        raise LocalProtocolError("only an invitation that nobody used is shown again")
    return Code(
        Kind.INVITE,
        shake.code.id,
        shake.code.psk,
        AgreementKey(shake.agreement_key).public,
        tuple(_code_lane(lane.state) for lane in lanes),
        shake.code.private,
        until=shake.code.until,
    )


def address(
    lanes: Sequence[LaneState], clock: Clock, *, private: bool = False, work: int = 0
) -> tuple[Code, AddressState]:
    """Return a fresh many-time code for ``lanes``, and its private side."""
    key = AgreementKey.generate(clock)
    name, code_lanes = clock.random(ID_SIZE), tuple(map(_code_lane, lanes))
    code = Code(Kind.ADDRESS, name, None, key.public, code_lanes, private, work)
    stored = tuple(
        AddressLane(
            lane.relay,
            lane.base,
            lane.recipient_id,
            lane.sender_id,
            lane.recipient_key,
            _ratchet_key(lane).seed,
        )
        for lane in lanes
    )
    keys = CodeKeys(code.hash, code.id, None, is_address=True, private=private, work=work)
    return code, AddressState(keys, key.seed, stored)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who uses a code, and what they say and want with it."""

    card: ProfileCard
    text: str = ""
    private: bool = False
    key: AgreementKey | None = None
    """``CKB``, if it was needed before; else it is made."""
    work: bytes = b""
    """What `proving.prove` has found for that key."""


def answer(
    code: Code, lanes: Sequence[LaneState], asker: Asker, clock: Clock
) -> tuple[Connection, list[Effect]]:
    """Return the connection of somebody who scanned ``code``, and its first effects.

    Raises `ContentError` if the text is too long, `CodeError` for an address where this machine
    has no ML-KEM.
    """
    is_address = code.kind is Kind.ADDRESS
    if len(asker.text) > MAX_TEXT:
        raise ContentError(f"What you say with a request has at most {MAX_TEXT} characters.")
    if is_address and not kem.available():
        raise CodeError(
            "Addresses need ML-KEM-768, which the cryptography library here lacks. Update it, "
            "or ask for an invitation."
        )
    own = asker.key or AgreementKey.generate(clock)
    kem_key = Secret(clock.random(kem.SEED)) if is_address else None
    code_lanes = _offers(code)
    shake = HandshakeState(
        role=Role.BOB,
        phase=Phase.REQUESTED,
        code=CodeKeys(code.hash, code.id, code.psk, is_address, code.private, code.work),
        cid=code.id,
        profile=asker.card,
        proof_key=Secret(clock.random(KEY_SIZE)),
        agreement_key=own.seed,
        kem_key=kem_key,
        peer_agreement=code.agreement_key,
        peer_lanes=tuple(code_lanes),
        text=asker.text,
        work=asker.work,
        mode=Mode.PRIVATE if asker.private or code.private else Mode.PROVABLE,
    )
    if is_address:
        shake.cid = address_connection_id(code.id, own.public)
    connection = Connection.begin(shake, lanes, clock)
    return connection, connection.ask(code_lanes)


def introduced(
    meeting: Meeting, met: Met, card: ProfileCard, clock: Clock
) -> tuple[Connection, list[Effect]]:
    """Return the connection of somebody who was introduced, and its first effects.

    It goes on as an invitation that one of the two has made, and the other has used. Raises
    `RemoteProtocolError` for keys that no honest side has.
    """
    assert meeting.key is not None
    lanes = tuple(
        CodeLane(Fingerprint(o.relay), o.base, QueueId(o.sender_id), o.ratchet_key)
        for o in met.lanes
    )
    code = Code(Kind.INVITE, met.id, met.psk, met.key, lanes)
    if met.role is Role.BOB:
        return answer(code, meeting.lanes, Asker(card, key=AgreementKey(meeting.key)), clock)
    shake = HandshakeState(
        role=Role.ALICE,
        phase=Phase.INVITED,
        code=CodeKeys(code.hash, code.id, met.psk, is_address=False),
        cid=code.id,
        profile=card,
        proof_key=Secret(clock.random(KEY_SIZE)),
        agreement_key=meeting.key,
        peer_agreement=met.theirs,
    )
    return Connection.begin(shake, meeting.lanes, clock), []


def rekey(
    lanes: Sequence[LaneState], main: HandshakeState, clock: Clock
) -> tuple[Code, HandshakeState]:
    """Return a fresh code for new keys of a connection, and the handshake that waits for it."""
    key, psk = AgreementKey.generate(clock), Secret(clock.random(KEY_SIZE))
    name = rekey_id(ConnectionId(main.cid), key.public)
    private = main.mode is Mode.PRIVATE
    until, code_lanes = _until(clock, REKEY_LASTS), tuple(map(_code_lane, lanes))
    code = Code(Kind.REKEY, name, psk, key.public, code_lanes, private, until=until)
    shake = HandshakeState(
        role=Role.ALICE,
        phase=Phase.INVITED,
        code=CodeKeys(code.hash, main.cid, psk, is_address=False, private=private, until=until),
        cid=main.cid,
        profile=main.profile,
        proof_key=main.proof_key,
        agreement_key=key.seed,
        mode=main.mode,
    )
    return code, shake


def use_rekey(
    code: Code, main: HandshakeState, clock: Clock
) -> tuple[HandshakeState, list[Offer]]:
    """Return the handshake of somebody who scanned a code for new keys, and its lanes."""
    offers = _offers(code)
    shake = HandshakeState(
        role=Role.BOB,
        phase=Phase.REQUESTED,
        code=CodeKeys(code.hash, main.cid, code.psk, is_address=False, private=code.private),
        cid=main.cid,
        profile=main.profile,
        proof_key=main.proof_key,
        agreement_key=AgreementKey.generate(clock).seed,
        peer_agreement=code.agreement_key,
        peer_lanes=tuple(offers),
        mode=main.mode,
    )
    return shake, offers


def _until(clock: Clock, lasts: float) -> int:
    """Return until when a code is good. Raises `ContentError`."""
    if not 1 <= lasts <= MAX_LASTS:
        raise ContentError("A code is good for a second to a year.")
    return int(clock.now() + lasts)


def check_fresh(code: Code, now: float) -> None:
    """Raise `CodeError` for a code whose time is over."""
    if code.until and now > code.until + SKEW:
        when = datetime.fromtimestamp(code.until, UTC).astimezone()
        raise CodeError(
            f"This code was good until {when:%Y-%m-%d %H:%M}. Ask for a fresh one. If that time is"
            " not over, the clock of this machine is wrong: set it."
        )


def _offers(code: Code) -> list[Offer]:
    return [
        Offer(lane.relay, lane.base, lane.sender_id, lane.ratchet_key, bytes(KEY_SIZE))
        for lane in code.lanes
    ]


def _code_lane(lane: LaneState) -> CodeLane:
    return CodeLane(
        Fingerprint(lane.relay),
        lane.base,
        QueueId(lane.sender_id),
        _ratchet_key(lane).public,
    )


def _ratchet_key(lane: LaneState) -> AgreementKey:
    if lane.ratchet_key is None:
        raise LocalProtocolError("a code is made of a lane that has started already")
    return AgreementKey(lane.ratchet_key)

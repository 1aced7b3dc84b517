"""Invitations and addresses as text (docs/protocol.md, section 10).

A code is secret until it is used: only `Code.text` and `Code.hash` take it apart.
"""

from base64 import b32decode, b32encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import Final, Self

from graphchat.errors import CodeError, LocalProtocolError
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret
from graphchat.wire.uri import ID_BYTES, RelayAddress, split_create_uri

MAX_CODE: Final = 4096
VERSION: Final = 1
PREFIX: Final = "GRAPHCHAT:"
MAX_LANES: Final = 8
ID: Final = 16
KEY: Final = 32
PRIVATE: Final = 0x80
"""Beside the number of lanes: nothing is signed in connections by this code."""
WORK: Final = 0x40
"""Beside the number of lanes: the bits of work that a request shows follow it."""
UNTIL: Final = 0x20
"""Beside the number of lanes: the time follows until which the code is good."""
MAX_UNTIL: Final = 2**32 - 1
MAX_WORK: Final = 26
"""Bits of work: a minute or two for whoever asks."""
FINGERPRINT: Final = 16

_BASE32: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

_CUT: Final = "The code is cut off. Copy the whole of it, or scan the QR code again."
_DAMAGED: Final = "The code is damaged. Copy it again, or ask for a fresh one."
_STRANGE: Final = "The code holds characters that no code has. Copy it again, in one piece."
_TOO_LONG: Final = (
    f"This is too long for a graphchat code, which has at most {MAX_CODE:,} characters."
)


class Kind(Enum):
    """What a code is for. The values are part of what both sides hash."""

    INVITE = 0
    """Opens one connection, once."""
    ADDRESS = 1
    """Anybody who has it may ask to connect, any number of times."""
    REKEY = 2
    """Gives new keys to a connection that is there, once."""
    DEVICE = 3
    """Links another device of the same person, once."""
    CONTACT = 4
    """Connects one more device with a contact that is there, once; no person sees it."""


@dataclass(frozen=True, slots=True)
class CodeLane:
    """One queue of the inviter, to write to."""

    relay: Fingerprint
    base: str
    """Where the relay makes queues, such as ``https://relay.example/q``."""
    sender_id: QueueId = field(repr=False)
    ratchet_key: bytes = field(repr=False)
    """X25519, public."""

    @property
    def address(self) -> RelayAddress:
        return RelayAddress(self.base, self.relay)


@dataclass(frozen=True, slots=True)
class Code:
    """An invitation or an address. Raises `LocalProtocolError` if a part has a wrong length."""

    kind: Kind
    id: bytes = field(repr=False)
    """16 bytes: the connection of an invitation, or the name of the address."""
    psk: Secret | None
    """32 bytes; an address has none."""
    agreement_key: bytes = field(repr=False)
    """X25519, public."""
    lanes: tuple[CodeLane, ...]
    private: bool = False
    """Nothing that is said in connections by this code is signed."""
    work: int = 0
    """Bits of work that a request shows; in an address only (`graphchat.crypto.work`)."""
    until: int = 0
    """Until when it is good, in seconds since 1970; 0: it does not say."""

    def __post_init__(self) -> None:
        parts = [(self.id, ID), (self.agreement_key, KEY)]
        if self.psk is not None:
            parts.append((self.psk.reveal(), KEY))
        for lane in self.lanes:
            parts += [(lane.relay, FINGERPRINT), (lane.sender_id, ID_BYTES)]
            parts.append((lane.ratchet_key, KEY))
        lengths_fit = all(len(part) == size for part, size in parts)
        bases_fit = all(_is_base(lane.base) for lane in self.lanes)
        has_psk = self.psk is not None
        if not lengths_fit or not bases_fit or has_psk != (self.kind is not Kind.ADDRESS):
            raise LocalProtocolError("A part of a code has a wrong form.")
        if not 1 <= len(self.lanes) <= MAX_LANES:
            raise LocalProtocolError(f"A code has 1 to {MAX_LANES} lanes.")
        if not 0 <= self.work <= MAX_WORK or (self.work and self.kind is not Kind.ADDRESS):
            raise LocalProtocolError(f"An address wants 0 to {MAX_WORK} bits of work.")
        if not 0 <= self.until <= MAX_UNTIL:
            raise LocalProtocolError("A code is good until a time that has 32 bits.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code, or any https URL with a code behind its ``#``.

        Raises `CodeError`, with a sentence for people about what is wrong.
        """
        kind, letters = _split(bare(text))
        payload = from_base32(letters)
        rest = Rest(payload)
        version = rest.byte()
        if version > VERSION:
            raise CodeError("This code was made by a newer graphchat. Update yours, then retry.")
        if version < VERSION:
            raise CodeError(_DAMAGED)
        name = rest.take(ID)
        psk = Secret(rest.take(KEY)) if kind is not Kind.ADDRESS else None
        agreement_key = rest.take(KEY)
        count = rest.byte()
        private, wants_work = bool(count & PRIVATE), bool(count & WORK)
        ends = bool(count & UNTIL)
        count &= ~(PRIVATE | WORK | UNTIL)
        if wants_work and kind is not Kind.ADDRESS:
            raise CodeError(_DAMAGED)
        work = rest.byte(1, MAX_WORK) if wants_work else 0
        until = int.from_bytes(rest.take(4), "big") if ends else 0
        if not 1 <= count <= MAX_LANES or ends != bool(until):
            raise CodeError(_DAMAGED)
        lanes = tuple(_lane(rest) for _ in range(count))
        # Last, because what is cut off in the middle often has stray bits at its end too.
        if rest.data or to_base32(payload) != letters:
            raise CodeError(_DAMAGED)
        return cls(kind, name, psk, agreement_key, lanes, private, work, until)

    @property
    def text(self) -> str:
        """What people exchange. Raises `CodeError` if it is too long for one code."""
        text = f"{PREFIX}{self.kind.name}/{to_base32(self._payload)}"
        if len(text) > MAX_CODE:
            raise CodeError(
                f"The code would have {len(text):,} characters; {MAX_CODE:,} are allowed."
                " Use fewer relays, or relays with shorter addresses."
            )
        return text

    @property
    def hash(self) -> bytes:
        """32 bytes, ``H`` in the specification: both sides bind their keys to it."""
        return sha256(b"gc/1 code" + bytes([self.kind.value]) + self._payload).digest()

    @property
    def _payload(self) -> bytes:
        return b"".join(self._parts())

    def _parts(self) -> Iterator[bytes]:
        yield bytes([VERSION])
        yield self.id
        if self.psk is not None:
            yield self.psk.reveal()
        yield self.agreement_key
        marks = PRIVATE * self.private | WORK * bool(self.work) | UNTIL * bool(self.until)
        yield bytes([len(self.lanes) | marks])
        if self.work:
            yield bytes([self.work])
        if self.until:
            yield self.until.to_bytes(4, "big")
        for lane in self.lanes:
            base = lane.base.encode("ascii")
            yield lane.relay + bytes([len(base)]) + base + lane.sender_id + lane.ratchet_key


class Rest:
    """What is left of a payload. `CodeError` where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        if len(self.data) < size:
            raise CodeError(_CUT)
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def byte(self, least: int = 0, most: int = 255) -> int:
        value = self.take(1)[0]
        if not least <= value <= most:
            raise CodeError(_DAMAGED)
        return value


def _lane(rest: Rest) -> CodeLane:
    relay = Fingerprint(rest.take(FINGERPRINT))
    base = rest.take(rest.byte(1)).decode("ascii", "replace")
    sender_id = QueueId(rest.take(ID_BYTES))
    ratchet_key = rest.take(KEY)
    try:
        plain = split_create_uri(base) == (base, None)
    except CodeError as error:
        raise CodeError(f"The code names a relay that cannot be used. {error}") from None
    if not plain:
        raise CodeError(_DAMAGED)
    return CodeLane(relay, base, sender_id, ratchet_key)


def bare(text: str) -> str:
    """Return the code text itself, out of a URL if there is one round it."""
    text = text.strip()
    if len(text) > 2 * MAX_CODE:
        raise CodeError(_TOO_LONG)
    if text[:7].lower() == "http://":
        raise CodeError("A link with a code begins with https://. Do not use this one.")
    if text[:8].lower() == "https://":
        text = text.partition("#")[2]
        if not text:
            raise CodeError("There is no code behind the # of this link. Copy all of it.")
    if len(text) > MAX_CODE:
        raise CodeError(_TOO_LONG)
    return text


def _split(text: str) -> tuple[Kind, str]:
    """Split a code text into its kind and its letters."""
    name, slash, letters = text.partition("/")
    mark, name = name[: len(PREFIX)].upper(), name[len(PREFIX) :].upper()
    if not text:
        raise CodeError("There is no code. Paste the whole link, or choose a picture of one.")
    if mark != PREFIX and not (PREFIX.startswith(mark) and not slash):
        raise CodeError("This is no graphchat code: it does not begin with GRAPHCHAT:.")
    if not slash or not letters:
        raise CodeError(_CUT)
    if not text.isascii():  # some other letters have an ASCII letter as their upper case
        raise CodeError(_STRANGE)
    if name == "GROUP":
        raise CodeError("This is a link to a group. Use it with: graphchat group join LINK")
    if name not in Kind.__members__:
        raise CodeError("This code is neither an invitation nor an address. Update, then retry.")
    return Kind[name], letters.upper()


def from_base32(letters: str) -> bytes:
    """Decode ``letters``, and leave it to the caller to compare with `to_base32`."""
    if not _BASE32.issuperset(letters):
        raise CodeError(_STRANGE)
    size = len(letters) * 5 // 8
    return b32decode(letters + "A" * (-len(letters) % 8))[:size]


def to_base32(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=")


def _is_base(text: str) -> bool:
    try:
        return split_create_uri(text) == (text, None)
    except CodeError:
        return False

"""The file of a proof: its fields, its one form in bytes, and its limits.

Rule: one content has one form. What differs in a single byte, even where JSON or base64url would
mean the same, is refused. docs/protocol.md, section 18.
"""

from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec

from graphchat.errors import RemoteProtocolError
from graphchat.wire.base64url import from_text, to_text

FORMAT: Final = "graphchat proof"
VERSION: Final = 1
NOTE: Final = (
    "This file proves what was said in a conversation by graphchat, and what was received. Anybody"
    " can check it, without a network, by: graphchat proof verify FILE. Change nothing in it, not"
    " even a space: the check would refuse it."
)

MAX_SIZE: Final = 64 * 1024 * 1024
"""Bytes of a file."""
MAX_KEYS: Final = 1_000
MAX_SEGMENTS: Final = 10_000
MAX_LINKS: Final = 1_000_000
MAX_RECEIPTS: Final = 1_000_000

ID: Final = 16
STREAM: Final = 8
HASH: Final = 32
KEY: Final = 32
SIGNATURE: Final = 64

Author = Literal["inviter", "invited"]
"""Who made the code, and who used it: Alice and Bob of section 12."""
AUTHORS: Final[tuple[Author, Author]] = ("inviter", "invited")

_Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Seq = Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class FlawError(RemoteProtocolError):
    """Something is wrong with a proof. ``where`` names the place in the file."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(what)
        self.where = where
        self.what = what


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proof key of a side, and what vouches for it."""

    key: str
    stream: str
    """Empty for the first key, which signs in all streams until another one takes over."""
    from_seq: _Seq
    """The number of the first frame of that stream that this key signs."""
    statement: str
    """What was signed: by this key for the first one, by the one before for others."""
    signature: str


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One frame in its place: the whole of it with its signature, or its hash only."""

    frame: str = ""
    signature: str = ""
    hash: str = ""


class SignedReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The other side has signed that it has everything up to ``seq``."""

    seq: _Seq
    ts_ms: _Number
    signature: str


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Frames of one stream, one after the other without a gap."""

    stream: str
    first: _Seq
    """The number of the first link."""
    before: str
    """The hash of the stream before it."""
    links: Annotated[tuple[Link, ...], msgspec.Meta(min_length=1, max_length=MAX_LINKS)]
    receipts: Annotated[tuple[SignedReceipt, ...], msgspec.Meta(max_length=MAX_RECEIPTS)]


class Party(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one side has signed: its keys, and what it said."""

    keys: Annotated[tuple[Key, ...], msgspec.Meta(min_length=1, max_length=MAX_KEYS)]
    segments: Annotated[tuple[Segment, ...], msgspec.Meta(max_length=MAX_SEGMENTS)]


class Connection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which connection it is: `crypto.agreement.Origin`."""

    code: str
    id: str
    agreement_key: str


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who made the file, and a signature over the rest of it."""

    by: Author
    signature: str


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proof, field by field in the order of the file."""

    format: str
    version: int
    note: str
    made_ms: _Number
    connection: Connection
    inviter: Party
    invited: Party
    seal: Seal

    def party(self, author: Author) -> Party:
        return self.inviter if author == "inviter" else self.invited


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Bundle)


def encode(bundle: Bundle) -> bytes:
    """Return the one form of ``bundle``: JSON, a space for each level, a line break at the end."""
    return msgspec.json.format(_encoder.encode(bundle), indent=1) + b"\n"


def decode(data: bytes) -> Bundle:
    """Read the one form of a bundle. Raises `FlawError`."""
    if len(data) > MAX_SIZE:
        raise FlawError("the file", f"it is larger than {MAX_SIZE:,} bytes")
    try:
        bundle = _decoder.decode(data)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise FlawError(where.strip("`").removeprefix("$.") or "the file", what) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise FlawError("the file", "it is no JSON, or cut off") from None
    if (bundle.format, bundle.version) != (FORMAT, VERSION):
        raise FlawError("format", "it is no graphchat proof of a version that this program knows")
    if bundle.note != NOTE:
        raise FlawError("note", "it does not say what it says in every proof")
    if (canonical := encode(bundle)) != data:
        pairs = enumerate(zip(canonical, data, strict=False))
        place = next((at for at, (one, other) in pairs if one != other), len(canonical))
        raise FlawError(
            f"byte {place:,} of the file", "it is not in the one form that a proof has"
        )
    return bundle


def seal_statement(cid: bytes, bundle: Bundle) -> bytes:
    """Return what whoever makes the file signs: all of it but this signature."""
    unsealed = msgspec.structs.replace(bundle, seal=Seal(bundle.seal.by, ""))
    return b"gc/1 proof" + cid + sha256(encode(unsealed)).digest()


def raw(where: str, text: str, size: int | None = None) -> bytes:
    """Read base64url of ``size`` bytes, or of any number. Raises `FlawError`."""
    try:
        return from_text(text, len(text) * 3 // 4 if size is None else size)
    except RemoteProtocolError:
        raise FlawError(where, "it is no base64url of the right length") from None


def text(data: bytes) -> str:
    return to_text(data)

"""Checks a proof by what is in the file alone: no database, no network, no clock.

Rule: every byte of the file is either a constant, or covered by a signature. docs/protocol.md,
section 18.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from graphchat import content
from graphchat.content import ProfileUpdate, Unknown, Welcome
from graphchat.core import frame as frames
from graphchat.core.frame import Frame
from graphchat.core.proof import bundle as form
from graphchat.core.proof.bundle import AUTHORS, Author, Bundle, FlawError, Link, Segment, raw
from graphchat.core.proof.findings import (
    Change,
    Findings,
    Hidden,
    Problem,
    Reception,
    Shown,
    Verdict,
    Who,
)
from graphchat.core.proof.keys import Keys, check_keys, signed_by_any
from graphchat.crypto.agreement import Origin
from graphchat.crypto.keys import verify as is_signed
from graphchat.errors import RemoteProtocolError
from graphchat.ids import ConnectionId

Progress = Callable[[int, int], None]
"""Is told how many frames were looked at, and how many there are."""


def verify(data: bytes, progress: Progress | None = None) -> Verdict:
    """Return what the file ``data`` proves, or what is wrong with it. Raises nothing."""
    try:
        return Verdict(_Check(form.decode(data), progress or _quiet).run())
    except FlawError as flaw:
        return Verdict(None, Problem(flaw.where, flaw.what))


def _quiet(_done: int, _all: int) -> None:
    pass


@dataclass(slots=True)
class _Check:
    bundle: Bundle
    progress: Progress
    cid: ConnectionId = field(init=False)
    keys: dict[Author, Keys] = field(init=False)
    shown: list[Shown] = field(default_factory=list[Shown])
    hidden: list[Hidden] = field(default_factory=list[Hidden])
    receptions: list[Reception] = field(default_factory=list[Reception])
    names: dict[Author, list[str]] = field(default_factory=dict[Author, list[str]])
    done: int = 0
    count: int = 0

    def run(self) -> Findings:
        bundle, named = self.bundle, self.bundle.connection
        self.cid = ConnectionId(raw("connection.id", named.id, form.ID))
        code = raw("connection.code", named.code, form.HASH)
        ckb = raw("connection.agreement_key", named.agreement_key, form.KEY)
        self.keys = check_keys(bundle, Origin(code, self.cid, ckb))
        self._check_seal()
        parties = (bundle.inviter, bundle.invited)
        self.count = sum(len(segment.links) for party in parties for segment in party.segments)
        for author in AUTHORS:
            self._check_said(author)
        sides = (self._who("inviter"), self._who("invited"))
        in_order = tuple(
            _merged([each for each in self.shown if each.author == a] for a in AUTHORS)
        )
        return Findings(
            code,
            self.cid,
            bundle.seal.by,
            bundle.made_ms,
            sides,
            in_order,
            tuple(self.hidden),
            tuple(self.receptions),
        )

    def _who(self, author: Author) -> Who:
        names = dict.fromkeys(self.names.get(author, []))
        keys = self.keys[author]
        changes = tuple(Change(t.key, t.stream, t.from_seq) for t in keys.turns[1:])
        return Who(author, keys.all, changes, tuple(names))

    def _check_seal(self) -> None:
        """Whoever made the file signed all of it, also what is not signed by itself."""
        seal = self.bundle.seal
        signature = raw("seal.signature", seal.signature, form.SIGNATURE)
        statement = form.seal_statement(self.cid, self.bundle)
        if not signed_by_any(self.keys[seal.by].all, statement, signature):
            raise FlawError("seal", "something in the file was changed after it had been made")

    def _check_said(self, author: Author) -> None:
        ends: dict[bytes, int] = {}
        for number, segment in enumerate(self.bundle.party(author).segments):
            where = f"{author}.segments[{number}]"
            stream = raw(f"{where}.stream", segment.stream, form.STREAM)
            known = ends.get(stream)
            if known is not None and segment.first <= known + 1:
                raise FlawError(f"{where}.first", "the parts of a stream are not in order")
            if segment.first > (known or 0) + 1:
                gap = Hidden(author, stream, (known or 0) + 1, segment.first - 1, hashed=False)
                self.hidden.append(gap)
            self._check_segment(where, author, stream, segment)
            ends[stream] = segment.first + len(segment.links) - 1

    def _check_segment(self, where: str, author: Author, stream: bytes, segment: Segment) -> None:
        heads = [raw(f"{where}.before", segment.before, form.HASH)]
        if segment.first == 1 and heads[0] != frames.first_hash(self.cid, stream):
            raise FlawError(
                f"{where}.before", "a stream of this connection begins with another hash"
            )
        said: list[tuple[str, Frame]] = []
        signed = 0
        for seq, link in enumerate(segment.links, segment.first):
            place = f"{where}.links[{seq - segment.first}]"
            digest, frame = self._check_link(place, link)
            heads.append(frames.next_link(heads[-1], digest))
            if frame is None:
                self._hide(author, stream, seq)
            else:
                self._check_frame(place, link, frame, (stream, seq, heads[-2], heads[-1]), author)
                said.append((place, frame))
                signed = seq
            self.done += 1
        if segment.first > 1 and not segment.links[0].frame:
            raise FlawError(f"{where}.links[0]", "a part of a stream begins with a hash only")
        received = self._check_receipts(where, author, stream, segment, heads)
        if (
            max([signed, *(each.seq for each in received)])
            < segment.first + len(segment.links) - 1
        ):
            raise FlawError(f"{where}.links", "nothing that is signed covers the last of them")
        for _, frame in said:
            self._note(author, frame, received)

    def _check_link(self, place: str, link: Link) -> tuple[bytes, Frame | None]:
        """Return the hash of a frame, and the frame if it is shown."""
        if link.hash:
            if link.frame or link.signature:
                raise FlawError(place, "it is both a frame and a hash")
            return raw(f"{place}.hash", link.hash, form.HASH), None
        data = raw(f"{place}.frame", link.frame)
        try:
            return frames.digest(data), frames.decode(data)
        except RemoteProtocolError:
            raise FlawError(f"{place}.frame", "it is no frame") from None

    def _check_frame(
        self,
        place: str,
        link: Link,
        frame: Frame,
        expected: tuple[bytes, int, bytes, bytes],
        author: Author,
    ) -> None:
        stream, seq, before, head = expected
        if (frame.stream, frame.seq, frame.prev) != (stream, seq, before):
            raise FlawError(f"{place}.frame", "it belongs to another place")
        signature = raw(f"{place}.signature", link.signature, form.SIGNATURE)
        statement = frames.sent_statement(self.cid, stream, seq, head)
        if not is_signed(self.keys[author].at(stream, seq), statement, signature):
            raise FlawError(f"{place}.signature", "the signature does not fit the frame")
        self.progress(self.done, self.count)

    def _check_receipts(
        self, where: str, author: Author, stream: bytes, segment: Segment, heads: list[bytes]
    ) -> list[Reception]:
        other: Author = "invited" if author == "inviter" else "inviter"
        found: list[Reception] = []
        for number, receipt in enumerate(segment.receipts):
            place = f"{where}.receipts[{number}]"
            at = receipt.seq - segment.first + 1
            if not 1 <= at < len(heads) or (found and found[-1].seq >= receipt.seq):
                raise FlawError(
                    f"{place}.seq", "it is for a frame that is not here, or out of order"
                )
            statement = frames.receipt_statement(
                self.cid, stream, receipt.seq, heads[at], receipt.ts_ms
            )
            signature = raw(f"{place}.signature", receipt.signature, form.SIGNATURE)
            if not signed_by_any(self.keys[other].all, statement, signature):
                raise FlawError(f"{place}.signature", "the signature does not fit the receipt")
            found.append(Reception(other, stream, receipt.seq, receipt.ts_ms))
        self.receptions += found
        return found

    def _hide(self, author: Author, stream: bytes, seq: int) -> None:
        last = self.hidden[-1] if self.hidden else None
        if (
            last
            and last.hashed
            and (last.author, last.stream, last.last) == (author, stream, seq - 1)
        ):
            self.hidden[-1] = Hidden(author, stream, last.first, seq, hashed=True)
        else:
            self.hidden.append(Hidden(author, stream, seq, seq, hashed=True))

    def _note(self, author: Author, frame: Frame, received: list[Reception]) -> None:
        try:
            message = content.decode(frame.payload)
        except RemoteProtocolError:
            message = Unknown("damaged", frame.payload)
        if isinstance(message, Welcome | ProfileUpdate):
            self.names.setdefault(author, []).append(message.profile.name)
            return
        at = bisect_left(received, frame.seq, key=lambda each: each.seq)
        time = received[at].ts_ms if at < len(received) else None
        fields = (frame.id, frame.ts_ms, message, frame.payload, time)
        self.shown.append(Shown(author, frame.stream, frame.seq, *fields))


def _merged(said: Iterator[list[Shown]]) -> Iterator[Shown]:
    """Yield what both sides said by its times; what one device said stays in its order."""
    waiting = [list(reversed(each)) for stream in said for each in _by_stream(stream)]
    while waiting := [each for each in waiting if each]:
        yield min(waiting, key=lambda each: each[-1].ts_ms).pop()


def _by_stream(said: list[Shown]) -> list[list[Shown]]:
    streams: dict[bytes, list[Shown]] = {}
    for each in said:
        streams.setdefault(each.stream, []).append(each)
    return list(streams.values())

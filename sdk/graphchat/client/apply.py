"""From the effects of a machine to rows, and to what follows the commit."""

from contextlib import suppress
from functools import partial
from typing import Final, assert_never

from graphchat import content
from graphchat.client import amendments, evidence, lanes, rows
from graphchat.client.context import Context, Job
from graphchat.client.live import GROUP, HIDDEN, OWN, Live, OwnFrame, Waiting
from graphchat.client.rows import Row, Spoken
from graphchat.client.stored import (
    AcceptWork,
    AlarmRecord,
    DeliveredRecord,
    EstablishedRecord,
    FailedRecord,
    JoinWork,
    MessageRecord,
    PutWork,
    RemoveWork,
    RequestedRecord,
    SecureWork,
    WidenWork,
    Work,
)
from graphchat.client.unit import Unit
from graphchat.content import Message, ReceiptBody, Resend, Welcome
from graphchat.content.devices import ForDevices
from graphchat.content.words import kind_of, text_of
from graphchat.core import effects as do
from graphchat.core.effects import Danger, Effect
from graphchat.core.frame import MESSAGE_ID_SIZE, Frame, Kind
from graphchat.core.handshake import Phase, Role
from graphchat.core.inbox import Signed
from graphchat.core.lane import LaneState
from graphchat.core.outbox import Written
from graphchat.errors import RemoteProtocolError
from graphchat.ids import MessageId
from graphchat.wire.base64url import to_text

# Bytes: nobody meets the same id twice by chance.
REQUEST_ID_SIZE: Final = 12


class Applier:
    """Carries out effects within one unit of work."""

    def __init__(self, context: Context, unit: Unit) -> None:
        self.context = context
        self.unit = unit
        self.said: list[tuple[int, bytes, bytes]] = []
        """Messages of ours in this unit: contact, id, payload."""

    async def apply(self, live: Live, effects: list[Effect]) -> None:
        """Write ``effects`` of ``live``, and those that follow from them."""
        self.unit.touch(live)
        for effect in effects:
            await self._one(live, effect)

    async def _one(self, live: Live, effect: Effect) -> None:  # noqa: C901, PLR0912, PLR0915 - a table
        unit = self.unit
        match effect:
            case do.Put(offer=offer, envelope=envelope):
                put = PutWork(offer.relay, offer.base, offer.sender_id, envelope)
                self.work(live, put)
            case do.Secure(lane=number, sender_key=key):
                self._secure(live, live.connection.lanes[number].state, key)
            case do.Remove(lane=lane):
                self.remove_lane(live, lane)
            case do.Moved(phase=phase):
                await self._moved(live, phase)
            case do.Store(written=written):
                frame = OwnFrame(written.head, written.signature, written.data)
                live.recent[written.seq] = frame
                live.watch.wrote(written.seq, self.context.clock.monotonic())
                now = self.context.clock.now()
                unit.write(rows.frame(live.id, written.seq, written.id, frame.pack(), now))
                signed = Signed(written.frame, written.data, written.signature)
                self._prove(live, evidence.link(live.id, signed, outgoing=True))
            case do.Sealed():
                self._sealed(live, effect)
            case do.Keep(signed=signed):
                unit.write(rows.keep(live.id, signed))
            case do.Release(stream=stream, seq=seq):
                unit.write(rows.release(live.id, stream, seq))
            case do.Chained(signed=signed):
                self._prove(live, evidence.link(live.id, signed, outgoing=False))
            case do.Received(frame=frame_in, message=message):
                await self._received(live, frame_in, message)
            case do.Aside(frame=frame_in, message=message):
                await self._handle(live, frame_in, message)
            case do.Acknowledged(body=body):
                await self._acknowledged(live, body)
            case do.Covered(first=first, last=last, receipt=receipt):
                self._prove(live, evidence.receipt(live.id, receipt))
                await self._covered(live, first, last)
            case do.Repeat(first=first, last=last):
                for traffic in live.traffic.values():
                    traffic.again.extend(range(first, last + 1))
            case do.Widen(number=number, replaces=replaces):
                self.work(live, WidenWork(number, lanes.to_shun(live, replaces)))
            case do.Join(number=number):
                add = live.connection.state.rotation.joining[number]
                failed = add.why in {"drops", "away"}
                shun = lanes.to_shun(live, None if failed else add.replaces)
                self.work(live, JoinWork(number, shun))
            case do.Blame(lane=lane, why=why):
                lanes.blame(self, live, lane, why)
            case do.Blamed(lane=lane, why=why):
                lanes.blamed(self, live, lane, why)
            case do.Rekeyed(both_ways=both_ways):
                lanes.rekeyed(self, live, both_ways=both_ways)
            case do.Alarm(danger=danger):
                contact = self.context.devices.contact_of(live.id)
                self._alarm(live, AlarmRecord(contact, danger.name))
            case _:
                assert_never(effect)

    def _prove(self, live: Live, row: Row) -> None:
        """Keep what a proof needs; of what is private, or serves a group, there is none.

        Posts have signatures of their own, and a host says each of them to a thousand members.
        """
        if not live.connection.private and live.kind != GROUP:
            self.unit.write(row)

    async def say_control(self, live: Live, message: Message) -> bytes:
        """Say something for the program of the other side; return its message id."""
        message_id = MessageId(self.context.clock.random(MESSAGE_ID_SIZE))
        await self.say(live, Kind.CONTROL, message_id, content.encode(message))
        return message_id

    async def say(
        self, live: Live, kind: Kind, message_id: MessageId, payload: bytes
    ) -> list[tuple[Live, Written]]:
        """Say something to each device of the other side; return the frames, ours first.

        There is none while no device of theirs is connected: see `devices.backlog`.
        """
        said: list[tuple[Live, Written]] = []
        for target in await self.context.devices.targets(live):
            stored = target.connection.say(kind, message_id, payload)
            await self.apply(target, [stored])
            said.append((target, stored.written))
        return said

    # The handshake

    def give_up(self, live: Live) -> None:
        """Note that the handshake cannot go on, and tell the application."""
        live.failed = live.why_failed
        self.unit.touch(live)
        if live.kind not in HIDDEN:
            self.context.tell(self.unit, live.profile, FailedRecord(live.id, live.failed))
        self.unit.after(self.context.pulses[live.id].beat)

    def work(self, live: Live, work: Work) -> None:
        """Store something to do at a relay, and have it done after the commit."""
        work_id = next(self.context.work_ids)
        self.unit.write(rows.work(work_id, live.id, work))
        self.unit.after(partial(self.context.hire, Job(work_id, live.id, work)))

    def _secure(self, live: Live, lane: LaneState, key: bytes) -> None:
        self.unit.touch(live, lane.number)
        work = SecureWork(
            lane.relay, lane.base, lane.recipient_id, lane.recipient_key, key, lane.number
        )
        self.work(live, work)

    def remove_lane(self, live: Live, lane: LaneState) -> None:
        """Give a lane up, and delete its queue."""
        self.unit.write(*rows.drop_lane(live.id, lane.number))
        live.traffic.pop(lane.number, None)
        self.context.forget_route(self.unit, lane.recipient_id)
        work = RemoveWork(
            lane.relay, lane.base, lane.recipient_id, lane.recipient_key, live.profile
        )
        self.work(live, work)

    async def _moved(self, live: Live, phase: Phase) -> None:
        shake = live.connection.state.handshake
        self.unit.after(self.context.pulses[live.id].beat)
        match phase:
            case Phase.REQUESTED if shake.role is Role.ALICE:
                self._rename(live)
                await self._requested(live)
            case Phase.PENDING:
                self._rename(live)
                self.unit.touch(live, *live.connection.lanes)
                await self.context.devices.opened(self, live)
            case Phase.ESTABLISHED if not live.established:
                live.established, live.failed = True, ""
                # Every lane has just forgotten the key that its ratchet began with.
                self.unit.touch(live, *live.connection.lanes)
                if live.kind not in HIDDEN:
                    self.context.tell(self.unit, live.profile, EstablishedRecord(live.id))
                    await self.context.devices.met(self, live)
            case _:
                pass

    def _rename(self, live: Live) -> None:
        """Name a new contact as it names itself; the person may choose another name later."""
        card = live.connection.state.handshake.peer_profile
        if card is None or live.named or live.kind in HIDDEN:
            return
        self.context.take_name(self.unit, live, card.name)
        live.kind, live.named = card.kind, True

    async def _requested(self, live: Live) -> None:
        shake = live.connection.state.handshake
        if not shake.code.is_address:
            # Whoever shows a one-time code wants to be connected with the one who scans it.
            try:
                effects = live.connection.accept()
            except RemoteProtocolError:
                self.give_up(live)
            else:
                await self.apply(live, effects)
        elif live.accepts_by_itself:
            live.answered = True
            self.work(live, AcceptWork())
        else:
            self.context.tell(self.unit, live.profile, RequestedRecord(live.id, shake.text))

    def _alarm(self, live: Live, event: AlarmRecord) -> None:
        """Tell of a danger, once until the application has seen it: a flood would hide others."""
        now = self.context.clock.now()
        self.unit.write(rows.lone_event(live.profile, event, now))
        self.unit.after(self.context.news[live.profile].beat)

    # Messages

    def _sealed(self, live: Live, sealed: do.Sealed) -> None:
        tag = next(self.context.tags)
        request_id = to_text(self.context.clock.random(REQUEST_ID_SIZE))
        waiting = Waiting(tag, sealed.seq, request_id, sealed.envelope)
        live.traffic[sealed.lane].waiting[tag] = waiting
        self.unit.touch(live, sealed.lane)
        self.unit.write(rows.envelope(live.id, sealed.lane, waiting))
        self.unit.after(partial(self.context.hand_over, live, sealed.lane))

    async def _received(self, live: Live, frame: Frame, message: Message) -> None:
        if isinstance(message, ReceiptBody | Resend | Welcome):
            return  # out of place here: nothing to show
        if await self._handle(live, frame, message):
            return
        if live.kind in {GROUP, OWN}:
            return  # nobody reads what is said there
        live = await self.context.devices.speaker(live)
        now = self.context.clock.now()
        spoken = Spoken(
            live.id,
            frame.id,
            outgoing=False,
            kind=kind_of(message),
            text=text_of(message),
            data=frame.payload,
            # A clock that is ahead must not put a message after all that follow.
            sent_at=min(frame.ts_ms / 1000, now),
            received_at=now,
            state="received",
            lasts=live.timer.seconds or None,
        )
        control = frame.kind is not Kind.CONTENT
        payload = frame.payload if control else b""
        event = MessageRecord(live.id, frame.id, payload, spoken.sent_at, control)
        if not self.context.devices.branches(live.id):
            alarm = AlarmRecord(live.id, Danger.EQUIVOCATION.name)
            self.unit.write(rows.conflict_event(live.profile, alarm, now, spoken))
        self.unit.write(rows.first_event(live.profile, event, now, spoken))
        if not control:
            self.spoken(live, spoken)
            self.unit.run(partial(amendments.settle, live.id, frame.id, now))
            await self.context.devices.heard(self, live, frame, spoken.sent_at)
        self.unit.after(self.context.news[live.profile].beat)

    def spoken(self, live: Live, spoken: Spoken) -> None:
        """Write a line of the conversation."""
        self.unit.write(rows.message(spoken))
        if spoken.lasts is not None:
            self.unit.after(self.context.expiring.set)

    async def _handle(self, live: Live, frame: Frame, message: Message) -> bool:
        """Hand a message to its feature; tell whether there is one."""
        if (handler := self.context.controls.get(type(message))) is None:
            return False
        # What breaks a rule of its feature stays part of the chain, and changes nothing.
        with suppress(RemoteProtocolError):
            if not isinstance(message, ForDevices):
                live = await self.context.devices.speaker(live)
            await handler(self, live, frame, message)
        return True

    async def _acknowledged(self, live: Live, body: ReceiptBody) -> None:
        head = await self.context.head_of(live, body.seq)
        if head is not None:
            with suppress(RemoteProtocolError):
                await self.apply(live, live.connection.cover(body, head))

    async def _covered(self, live: Live, first: int, last: int) -> None:
        # What an earlier receipt of this unit has covered is still in the database.
        contact = self.context.devices.contact_of(live.id)
        found = await self.context.database.read(partial(rows.said, contact, live.id, first, last))
        ids = tuple(row[0] for row in found)
        self.unit.write(*rows.delivered(contact, live.id, last))
        live.watch.covered(last)
        for number in [known for known in live.recent if known <= last]:
            del live.recent[number]
        if ids:
            self.context.tell(self.unit, live.profile, DeliveredRecord(contact, ids))
        for message_id in ids:
            self.unit.after(partial(self.context.progress, contact, message_id, "delivered"))
        self.unit.after(partial(self.context.progress_frames, live.id, first, last))
        if live.kind == OWN:
            await self.context.devices.covered(self, live)

"""What arrives: opened and stored in one commit, and only then deleted at the relay."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from graphchat.client import accept, flood, load, reach, rows
from graphchat.client.address_state import OpenAddress
from graphchat.client.apply import Applier
from graphchat.client.context import AddressRoute, LaneRoute
from graphchat.client.live import GROUP, Live, hidden_name, relay_of
from graphchat.client.redelivery import Redelivery, Source
from graphchat.client.slots import Slots
from graphchat.core import handshake
from graphchat.core.connection import Connection
from graphchat.core.handshake import HandshakeState, MayReach, Phase, Role
from graphchat.core.lane import LaneState
from graphchat.crypto.keys import AgreementKey, SigningKey
from graphchat.errors import GraphchatError, NotFoundError, RemoteProtocolError, StoreError
from graphchat.ids import QueueId
from graphchat.secret import Secret
from graphchat.transport.ports import Delivery
from graphchat.wire.uri import RelayAddress

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

# Envelopes too large to be pushed: fetched at the same time, from one host at the same time,
# and known at the same time; of others the relay reminds us.
FETCHES: Final = 4
FETCHES_FROM_ONE: Final = 2
MOST_KNOWN: Final = 256
# Seconds until deliveries that could not be stored are asked for again, at first.
REDELIVERY: Final = 5.0

log = logging.getLogger("graphchat.client")


class Receiver:
    """The receiving side of all connections and addresses."""

    def __init__(self, engine: "Engine") -> None:
        self._engine: Final = engine
        self._context: Final = engine.context
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = Slots(FETCHES, FETCHES_FROM_ONE)
        self._fetching: set[tuple[Source, str]] = set()
        """Envelopes that are fetched or wait for it, by queue and id."""
        self._redelivery = Redelivery(self._ask_again, REDELIVERY)

    async def close(self) -> None:
        self._redelivery.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def subscribe_all(self) -> None:
        """Receive from every queue of ours."""
        found = await self._context.database.read(load.queues)
        for profile, state in found:
            self.subscribe(profile, [state])
        for address in self._context.addresses.values():
            self.subscribe_address(address)

    def subscribe_address(self, address: OpenAddress) -> None:
        for lane in address.state.lanes:
            relay, key = relay_of(lane.relay, lane.base), SigningKey(lane.recipient_key)
            self._engine.links.subscribe(address.profile, relay, lane.recipient_id, key)

    def subscribe(self, profile: int, lanes: Sequence[LaneState]) -> None:
        """Receive from new queues of ours."""
        for lane in lanes:
            relay = relay_of(lane.relay, lane.base)
            key = SigningKey(lane.recipient_key)
            self._engine.links.subscribe(profile, relay, lane.recipient_id, key)

    async def recipient_key(self, queue: QueueId) -> SigningKey | None:
        """Return the key of a queue of ours; None if it is given up."""
        match self._context.routes.get(queue):
            case LaneRoute(connection=row_id, lane=number):
                with suppress(NotFoundError, KeyError):
                    live = await self._engine.live(row_id)
                    return SigningKey(live.connection.lanes[number].state.recipient_key)
            case AddressRoute(address=row_id, lane=number):
                lane = self._context.addresses[row_id].state.lanes[number]
                return SigningKey(lane.recipient_key)
            case None:
                pass
        return None

    def redeliver(self, profile: int, relay: RelayAddress, queues: Sequence[QueueId]) -> None:
        """Have the relay send again what could not be stored, after a while."""
        for queue in queues:
            self._redelivery.plan(Source(profile, relay, queue))

    def _ask_again(self, source: Source) -> None:
        async def again() -> None:
            try:
                key = await self.recipient_key(source.queue)
            except StoreError:
                self._redelivery.plan(source)
                return
            if key is None:
                self._redelivery.forget(source)
                return
            link = self._engine.links.of(source.profile, source.relay).link
            link.unsubscribe(source.queue)
            link.subscribe(source.queue, key)

        self._keep(again())

    async def take(
        self,
        profile: int,
        relay: RelayAddress,
        deliveries: Sequence[Delivery],
        turn: Applier,
    ) -> None:
        """Use what a relay delivered; delete it there once it is stored here."""
        for delivery in deliveries:
            source = Source(profile, relay, delivery.queue)
            if delivery.message is None:
                turn.unit.after(partial(self._fetch, source, delivery))
                continue
            # What cannot be opened now never can: it is deleted like the rest.
            with suppress(RemoteProtocolError, NotFoundError):
                await self._open(turn, relay, delivery.queue, delivery.message)
            turn.unit.after(partial(self._stored, source, delivery.id))

    def _stored(self, source: Source, message_id: str) -> None:
        self._engine.links.delete(*source, message_id)
        self._redelivery.worked(source)

    async def _open(
        self, turn: Applier, relay: RelayAddress, queue: bytes, envelope: bytes
    ) -> None:
        # A relay that brings us something is ours, even if no new queues are made there.
        may_reach = partial(reach.may_reach, own=[relay, *self._context.relays])
        match self._context.routes.get(queue):
            case LaneRoute(connection=row_id, lane=number):
                live = await self._engine.live(row_id)
                turn.unit.touch(live, number)
                self._go_on(turn, live, number)
                await turn.apply(live, live.connection.receive(number, envelope, may_reach))
            case AddressRoute(address=row_id, lane=number):
                await self._request(turn, row_id, number, envelope, may_reach)
            case None:
                pass

    def _go_on(self, turn: Applier, live: Live, number: int) -> None:
        """Send by a lane by which something comes: what was refused before has its turn."""
        traffic = live.traffic.get(number)
        if traffic is not None and traffic.retry_at:
            traffic.recovered()
            turn.unit.after(partial(self._context.hand_over, live, number))

    async def _request(
        self, turn: Applier, row_id: int, number: int, envelope: bytes, may_reach: MayReach
    ) -> None:
        """Make a connection of a request at an address, the first time that it comes."""
        context, address = self._context, self._context.addresses[row_id]
        state = address.state
        key = AgreementKey(state.lanes[number].ratchet_key)
        asked = handshake.read_confirmation(state.code, state.side, key, envelope)
        handshake.check_offers(asked.hello.lanes, may_reach)
        if 0 < state.ends_at <= context.clock.now():
            accept.drop_address(turn, address)
            return
        if not context.remember_cid(turn.unit, asked.cid):
            return
        if not address.accept_all and await self._is_flooded(turn, address.profile):
            return
        card = context.cards[address.profile]
        if address.group:
            card = await context.groups.card(address.group)
        shake = HandshakeState(
            role=Role.ALICE,
            phase=Phase.REQUESTED,
            code=state.code,
            cid=asked.cid,
            profile=card,
            proof_key=Secret(context.clock.random(32)),
            agreement_key=None,
        )
        connection = Connection.begin(shake, [], context.clock)
        connection.rotation.schedule = context.schedule
        live = Live(
            next(context.connection_ids),
            address.profile,
            "",
            asked.hello.profile.kind,
            0,
            connection,
            {},
            named=True,
            accepts_by_itself=address.accept_all,
        )
        if address.group:
            live.kind = GROUP
        context.take_name(turn.unit, live, hidden_name(live) or asked.hello.profile.name)
        effects = connection.asked(asked)
        context.lives[live.id] = live
        turn.unit.write(rows.new_connection(live, context.clock.now()))
        if address.group:
            await context.groups.met(turn, live, address.group)
        await turn.apply(live, effects)

    async def _is_flooded(self, turn: Applier, profile: int) -> bool:
        """Tell whether too many wait already; the newcomer is counted then."""
        database = self._context.database
        if await database.read(partial(flood.waiting, profile)) < flood.MOST:
            return False
        before = await database.read(partial(flood.dropped, profile))
        flood.drop(profile, before, turn.unit)
        return True

    def _fetch(self, source: Source, delivery: Delivery) -> None:
        """Get a large envelope in a task of its own, then take it like any other."""
        name = (source, delivery.id)
        if name in self._fetching:
            return
        if len(self._fetching) >= MOST_KNOWN:
            self._redelivery.plan(source)
            return
        self._fetching.add(name)
        self._keep(self._fetched(source, delivery))

    async def _fetched(self, source: Source, delivery: Delivery) -> None:
        try:
            message = await self._message(source, delivery.id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the envelope comes again
            if not isinstance(error, GraphchatError):
                log.error("a fetch of the client failed: %s", type(error).__name__)  # noqa: TRY400 - a trace may quote content
            self._redelivery.plan(source)
            return
        finally:
            self._fetching.discard((source, delivery.id))
        if message is not None:
            found = [replace(delivery, message=message)]
            self._engine.deliveries(source.profile, source.relay, found)

    async def _message(self, source: Source, message_id: str) -> bytes | None:
        key = await self.recipient_key(source.queue)
        if key is None:
            return None
        transport = self._context.transport.of(source.profile)
        async with self._slots.at(source.relay.base):
            return await transport.fetch(source.relay, source.queue, key, message_id)

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

"""How each of our devices gets a connection of its own with each device of a contact.

The new device makes a code, an older one of ours passes it on by a connection that is proven
already, and the device of the contact uses it without a question: who comes that way is the same
contact. docs/protocol.md, section 26.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from graphchat.client import accept, codes, reach, rows as client_rows
from graphchat.client.apply import Applier
from graphchat.client.context import Job
from graphchat.client.devices import backlog, linking, rows, telling
from graphchat.client.devices.records import DevicesRecord
from graphchat.client.devices.registry import Registry
from graphchat.client.devices.state import Branch, OwnDevice, theirs
from graphchat.client.live import HIDDEN, LINKED, Live
from graphchat.client.queues import make_lanes
from graphchat.client.stored import AttachWork, OfferWork
from graphchat.codes import Code, Kind
from graphchat.content.devices import DeviceAdd, DeviceHere, DeviceOffer, Reached
from graphchat.core.connection import Connection
from graphchat.core.devices.own import code_id, pseudonym
from graphchat.core.frame import Frame
from graphchat.core.handshake import Phase
from graphchat.errors import CodeError, NotFoundError, RemoteProtocolError

# Lanes between two devices of two people, where the home has so many relays.
LANES: Final = 2
# Branches of one contact, with those that were removed: more is no honest person.
LIMIT: Final = 32


# Our new device


async def want(  # noqa: PLR0913 - what is wanted, and who says so
    devices: Registry,
    turn: Applier,
    contact: Live,
    source: OwnDevice,
    reached: Reached,
    *,
    is_new: bool,
) -> None:
    """Make a code for a device of a contact that we have no connection with yet."""
    assert source.connection is not None
    root, here = contact.connection.cid, devices.here(contact.profile)
    assert here is not None
    for each in devices.branches(contact.id):
        known = each.via == reached.connection or (
            reached.device and each.device == reached.device
        )
        if known or await _is_at(devices, each, reached.connection):
            return
    if contact.connection.cid == reached.connection and contact.connection.lanes:
        return
    ours = pseudonym(root, here.device)
    # Of two devices that hear of each other at the same time, one makes a code.
    if not is_new and reached.device and ours > reached.device:
        return
    if len(devices.branches(contact.id)) >= LIMIT:
        return
    branch = devices.new_branch(contact.id, device=reached.device, via=reached.connection)
    devices.put_branch(turn, branch)
    turn.work(contact, OfferWork(branch.id, source.connection))


async def _is_at(devices: Registry, branch: Branch, cid: bytes) -> bool:
    if branch.connection is None:
        return False
    with suppress(NotFoundError):
        return (await devices.engine.live(branch.connection)).connection.cid == cid
    return False


async def make_offer(devices: Registry, job: Job, work: OfferWork) -> None:
    """Make the queues of a code, and have another device of ours pass it on."""
    context, engine = devices.context, devices.engine
    assert job.connection is not None
    contact = await engine.live(job.connection)
    transport = context.transport.of(contact.profile)
    lanes = await make_lanes(transport, context.relays, LANES, context.clock, distinct=True)

    async def offer(turn: Applier) -> None:
        turn.unit.write(client_rows.drop_work(job.id))
        live = await engine.live(contact.id)
        branch = devices.index.branches.get(work.branch)
        if branch is None or branch.state != "wanted":
            return
        root, card = live.connection.cid, context.cards[live.profile]
        code, connection = codes.invitation(
            lanes,
            card,
            context.clock,
            private=live.connection.private,
            kind=Kind.CONTACT,
            name=partial(code_id, root),
        )
        fresh = _branch_live(devices, live, connection)
        await linking.start(devices, turn, fresh, lanes, [])
        devices.put_branch(turn, replace(branch, connection=fresh.id, state="offered"))
        with suppress(NotFoundError):
            older = await engine.live(work.by)
            await devices.say(turn, older, DeviceOffer(root, branch.via, code.text))

    await engine.do(offer)


# Our older device


async def heard_offer(turn: Applier, live: Live, frame: Frame, message: DeviceOffer) -> None:
    """Pass a code of another device of ours on to a device of a contact."""
    devices = turn.context.devices
    source, here = devices.sender(live), devices.here(live.profile)
    contact = await devices.by_root(live.profile, message.root)
    if contact is None or here is None:
        raise RemoteProtocolError("a device offers itself to nobody here")
    for target in await devices.targets(contact):
        if target.connection.cid == message.to:
            root = message.root
            ours = pseudonym(root, here.device)
            added = DeviceAdd(pseudonym(root, source.device), ours, message.code)
            await devices.say(turn, target, added)


# A device of the contact


async def heard_add(turn: Applier, live: Live, frame: Frame, message: DeviceAdd) -> None:
    """Connect with one more device of a contact. Raises `RemoteProtocolError`."""
    devices = turn.context.devices
    contact = await _contact(devices, live)
    name_sender(devices, turn, live, message.by)
    theirs(devices.branches(contact.id)).add(message)
    code = _code(devices, contact, message.code)
    if code.id in turn.context.cids:
        raise RemoteProtocolError("a code of a device was used already")
    branch = devices.new_branch(contact.id, device=message.device, added_by=message.by)
    devices.put_branch(turn, branch)
    turn.work(contact, AttachWork(branch.id, message.code))


def name_sender(devices: Registry, turn: Applier, live: Live, device: bytes) -> None:
    """Know what the device at the other end is called. Raises `RemoteProtocolError`."""
    contact = devices.contact_of(live.id)
    branch = devices.branch(live.id)
    before = branch.device if branch is not None else b""
    devices.theirs(contact).named(device, before)
    if branch is None:
        first = devices.new_branch(contact, connection=live.id, state="first", device=device)
        devices.put_branch(turn, first)
    elif not before:
        devices.put_branch(turn, replace(branch, device=device))


async def _contact(devices: Registry, live: Live) -> Live:
    contact = await devices.speaker(live)
    if contact.kind in HIDDEN or contact.connection.phase is not Phase.ESTABLISHED:
        raise RemoteProtocolError("somebody who is no contact speaks of devices")
    return contact


def _code(devices: Registry, contact: Live, text: str) -> Code:
    try:
        code = Code.parse(text)
        reach.check(code, devices.context.relays)
    except CodeError:
        raise RemoteProtocolError("a code of a device cannot be used") from None
    bound = code_id(contact.connection.cid, code.agreement_key) == code.id
    private = contact.connection.private
    if code.kind is not Kind.CONTACT or not bound or code.private is not private:
        raise RemoteProtocolError("a code is for somebody else")
    return code


async def attach(devices: Registry, job: Job, work: AttachWork) -> None:
    """Connect with a device of a contact by its code."""
    context, engine = devices.context, devices.engine
    assert job.connection is not None
    contact = await engine.live(job.connection)
    code = Code.parse(work.code)
    transport, wanted = context.transport.of(contact.profile), len(code.lanes)
    lanes = await make_lanes(transport, context.relays, wanted, context.clock, distinct=False)

    async def connect(turn: Applier) -> None:
        turn.unit.write(client_rows.drop_work(job.id))
        live = await engine.live(contact.id)
        branch = devices.index.branches.get(work.branch)
        if branch is None or branch.state != "wanted" or code.id in context.cids:
            return
        asker = codes.Asker(context.cards[live.profile])
        connection, effects = codes.answer(code, lanes, asker, context.clock)
        fresh = _branch_live(devices, live, connection)
        opened = replace(branch, connection=fresh.id, state="open")
        devices.put_branch(turn, opened)
        await linking.start(devices, turn, fresh, lanes, effects)
        await _joined(devices, turn, live, opened)

    await engine.do(connect)


async def _joined(devices: Registry, turn: Applier, contact: Live, branch: Branch) -> None:
    """Say from here on everything to one more device of a contact."""
    assert branch.connection is not None
    fresh = await devices.engine.live(branch.connection)
    if (here := devices.here(contact.profile)) is not None:
        ours = pseudonym(contact.connection.cid, here.device)
        await devices.say(turn, fresh, DeviceHere(ours))
    await backlog.say(devices, turn, contact, fresh)
    count_told(devices, turn, contact)
    await telling.contact_changed(turn, contact)


def count_told(devices: Registry, turn: Applier, contact: Live) -> None:
    """Tell how many devices a contact has now."""
    count = sum(each.state in {"first", "open"} for each in devices.branches(contact.id))
    turn.context.tell(turn.unit, contact.profile, DevicesRecord(contact.id, max(count, 1)))


async def opened(devices: Registry, turn: Applier, live: Live) -> None:
    """Note that a device of a contact has used our code: there is something to say to it."""
    branch = devices.branch(live.id)
    if branch is None or branch.state != "offered":
        return
    contact = await devices.engine.live(branch.contact)
    devices.put_branch(turn, replace(branch, state="open"))
    await _joined(devices, turn, contact, replace(branch, state="open"))


async def heard_here(turn: Applier, live: Live, frame: Frame, message: DeviceHere) -> None:
    """Know which device of a contact is at the other end. Raises `RemoteProtocolError`."""
    devices = turn.context.devices
    await _contact(devices, live)
    name_sender(devices, turn, live, message.device)


async def failed(devices: Registry, turn: Applier, live: Live) -> None:
    """Forget a branch whose code does not work."""
    branch = devices.branch(live.id)
    if branch is not None:
        devices.drop_branch(turn, branch)
    accept.remove(turn, live)


async def remove_all(devices: Registry, turn: Applier, contact: Live) -> None:
    """Remove every branch of a contact that is removed."""
    for each in devices.branches(contact.id):
        devices.drop_branch(turn, each)
        if each.connection not in {None, contact.id}:
            assert each.connection is not None
            with suppress(NotFoundError):
                accept.remove(turn, await devices.engine.live(each.connection))
    turn.unit.write(*rows.forget(contact.id))


def _branch_live(devices: Registry, contact: Live, connection: Connection) -> Live:
    connection.rotation.schedule = devices.context.schedule
    row_id = next(devices.context.connection_ids)
    return Live(row_id, contact.profile, "", LINKED, contact.trust, connection, {}, named=True)

"""Devices that are lost or given away: nobody hears them, or tells them anything, any more."""

from contextlib import suppress
from dataclasses import replace
from functools import partial

from graphchat.client import accept
from graphchat.client.apply import Applier
from graphchat.client.devices import branching, lists, rows
from graphchat.client.devices.registry import MAY, Registry
from graphchat.client.devices.state import Branch
from graphchat.client.live import HIDDEN, LINKED, Live
from graphchat.content.devices import DeviceEnd, DeviceList, DeviceRemove
from graphchat.core.devices.own import OwnDevices, pseudonym
from graphchat.core.frame import Frame
from graphchat.core.handshake import Phase
from graphchat.core.receipts import Nudge
from graphchat.errors import NotFoundError, RemoteProtocolError, StateError

# Our own


async def remove(devices: Registry, row: int, turn: Applier) -> None:
    """Remove another device of ours, wherever it is. Raises `StateError`."""
    device = devices.index.own.get(row)
    if device is None or device.state not in MAY:
        raise StateError("This device was removed already.")
    here = devices.here(device.profile)
    if device.state == "here" or here is None or here.state != "here":
        raise StateError("A device is removed from another one, which stays. Do it there.")
    if device.connection is not None and device.state == "linked":
        with suppress(NotFoundError):
            live = await devices.engine.live(device.connection)
            await devices.say(turn, live, DeviceEnd())
    devices.put(turn, replace(device, state="removed", cursor=None))
    devices.tell(turn, device, "removed")
    good = [each.device for each in devices.of(device.profile) if each.state in MAY - {"asking"}]
    for contact in await devices.contacts(device.profile):
        root = contact.connection.cid
        left = tuple(pseudonym(root, each) for each in good)
        gone = DeviceRemove(pseudonym(root, device.device), pseudonym(root, here.device), left)
        await turn.say_control(contact, gone)
    await lists.tell(devices, turn, device.profile)


async def note(devices: Registry, turn: Applier, profile: int, name: bytes) -> None:
    """Note that another device of ours has removed one: contacts are told by that one."""
    found = next((each for each in devices.of(profile) if each.device == name), None)
    if found is None:
        found = devices.add_own(turn, profile, name, "removed", "removed")
        return
    if found.state == "here":
        end(devices, turn, profile)
        return
    devices.put(turn, replace(found, state="removed", cursor=None, connection=None))
    devices.tell(turn, found, "removed")
    if found.connection is not None:
        with suppress(NotFoundError):
            accept.remove(turn, await devices.engine.live(found.connection))


async def heard_list(turn: Applier, live: Live, frame: Frame, message: DeviceList) -> None:
    """Know more devices, and that some are removed; the others hear of it from us."""
    devices = turn.context.devices
    devices.sender(live)
    before = lists.known(devices, live.profile)
    said = OwnDevices({each.id: each.name for each in message.devices}, frozenset(message.removed))
    after = before.merged(said)
    if after == before:
        return
    for name in sorted(after.names.keys() - before.names.keys()):
        if all(each.device != name for each in devices.of(live.profile)):
            devices.add_own(turn, live.profile, name, after.names[name], "known")
    for name in sorted(after.removed - before.removed):
        await note(devices, turn, live.profile, name)
    await lists.tell(devices, turn, live.profile, but=live.id)


async def heard_end(turn: Applier, live: Live, frame: Frame, message: DeviceEnd) -> None:
    """Note that another device of ours has removed this one."""
    devices = turn.context.devices
    devices.sender(live)
    end(devices, turn, live.profile)


def end(devices: Registry, turn: Applier, profile: int) -> None:
    """Be a device of this person no more; what was said stays."""
    for device in devices.of(profile):
        if device.state == "here":
            devices.put(turn, replace(device, state="ended"))
            devices.tell(turn, device, "ended")
        elif device.state in MAY:
            devices.put(turn, replace(device, state="removed", cursor=None))


async def settled(devices: Registry, turn: Applier, live: Live) -> None:
    """End the connection to a device that was removed, once it has been told so."""
    device, outbox = devices.at(live.id), live.connection.state.outbox
    if device is not None and device.state == "removed" and outbox.covered >= outbox.seq:
        devices.put(turn, replace(device, connection=None))
        accept.remove(turn, live)


# A contact's


async def heard_remove(turn: Applier, live: Live, frame: Frame, message: DeviceRemove) -> None:
    """Hear nothing more of a device of a contact, nor tell it anything."""
    devices = turn.context.devices
    contact = await devices.speaker(live)
    if contact.kind in HIDDEN or contact.connection.phase is not Phase.ESTABLISHED:
        raise RemoteProtocolError("somebody who is no contact speaks of devices")
    branching.name_sender(devices, turn, live, message.by)
    _, gone = devices.theirs(contact.id).remove(message)
    for branch in devices.branches(contact.id):
        if branch.device in gone and branch.state != "removed":
            await _drop(devices, turn, contact, branch)
    if message.device not in {each.device for each in devices.branches(contact.id)}:
        # A device that we never heard of: it cannot come later either.
        tomb = devices.new_branch(contact.id, device=message.device, state="removed")
        devices.put_branch(turn, tomb)
    branching.count_told(devices, turn, contact)


async def _drop(devices: Registry, turn: Applier, contact: Live, branch: Branch) -> None:
    connection = branch.connection
    devices.put_branch(turn, replace(branch, connection=None, state="removed"))
    if connection is None:
        return
    if connection == contact.id:
        retire(turn, contact)
        return
    with suppress(NotFoundError):
        live = await devices.engine.live(connection)
        if live.kind == LINKED:
            turn.unit.after(partial(devices.forget_branch, connection))
            accept.remove(turn, live)


def retire(turn: Applier, live: Live) -> None:
    """Keep of a contact what people see, and delete its own queues: branches carry it on."""
    machine = live.connection
    for lane in list(machine.lanes.values()):
        turn.remove_lane(live, lane.state)
    turn.unit.write(*rows.retire(live.id))
    turn.unit.touch(live)
    machine.lanes.clear()
    live.recent.clear()
    machine.inbox.held.clear()
    machine.state.nudge, machine.state.unreceipted = Nudge(), []
    machine.state.outbox.covered = machine.state.outbox.seq

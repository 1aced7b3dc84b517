"""What a device that was just linked is told, and what all are told from then on.

Rule: whatever is said twice changes nothing the second time, in whatever order it comes.
"""

from dataclasses import replace
from functools import partial
from typing import Final

from graphchat.client import accept, rows as client_rows
from graphchat.client.apply import Applier
from graphchat.client.devices import branching, lists, old, telling
from graphchat.client.devices.registry import Registry
from graphchat.client.devices.state import OwnDevice
from graphchat.client.live import HIDDEN, ConversationTimer, Live
from graphchat.client.rows import Row
from graphchat.content.devices import (
    DeviceContact,
    DeviceGone,
    DeviceHello,
    DeviceProfile,
    DeviceSync,
    KnownDevice,
)
from graphchat.core import record
from graphchat.core.connection import Connection
from graphchat.core.frame import Frame
from graphchat.core.handshake import CodeKeys, HandshakeState, Mode, Phase, Role
from graphchat.errors import RemoteProtocolError
from graphchat.secret import Secret

KEY: Final = 32
UNREAD: Final = -(1 << 62)
"""Old lines have numbers below 0: until another device says so, none of them was read."""


async def begin(devices: Registry, turn: Applier, device: OwnDevice) -> None:
    """Tell a device that was let in who we are and whom we know; the lines follow."""
    assert device.connection is not None
    live = await devices.engine.live(device.connection)
    here = devices.here(device.profile)
    assert here is not None
    first, total = await turn.context.database.read(partial(old.extent, device.profile))
    known = replace(device, state="linked", cursor=first, total=total)
    devices.put(turn, known)
    await devices.say(turn, live, DeviceHello(KnownDevice(here.device, here.name)))
    await devices.say(turn, live, lists.described(devices, device.profile))
    await devices.say(turn, live, _profile(devices, device.profile))
    for contact in await devices.contacts(device.profile):
        await devices.say(turn, live, telling.contact(devices, contact))
    await devices.say(turn, live, DeviceSync(0, total))
    devices.tell(turn, known, "linked")
    await devices.tell_own(
        turn, device.profile, lists.described(devices, device.profile), but=live.id
    )
    turn.unit.after(partial(devices.pump, device.id))
    turn.unit.after(turn.context.pulses[live.id].beat)


# Profile


def _profile(devices: Registry, profile: int) -> DeviceProfile:
    context = devices.context
    return DeviceProfile(context.cards[profile], profile in context.indicators)


async def tell_profile(turn: Applier, profile: int, *, but: int | None = None) -> None:
    """Tell our other devices what contacts see now."""
    devices = turn.context.devices
    await devices.tell_own(turn, profile, _profile(devices, profile), but=but)


async def heard_profile(turn: Applier, live: Live, frame: Frame, message: DeviceProfile) -> None:
    """Take what contacts see. They are told by the device on which it was changed."""
    context = turn.context
    context.devices.sender(live)
    if _profile(context.devices, live.profile) == message:
        return
    card, profile = message.profile, live.profile
    turn.unit.on_failure(partial(context.cards.__setitem__, profile, context.cards[profile]))
    context.cards[profile] = card
    known = context.indicators.add if message.indicators else context.indicators.discard
    turn.unit.after(partial(known, profile))
    turn.unit.write(
        Row(
            "UPDATE client_profile SET name = ?, card = ?, indicators = ? WHERE id = ?",
            (card.name, record.dump(card), message.indicators, profile),
        )
    )
    for contact in list(context.lives.values()):
        if contact.profile == profile and contact.kind not in HIDDEN:
            turn.unit.touch(contact)
            contact.connection.state.handshake.profile = card
    await tell_profile(turn, profile, but=live.id)


# Contacts


async def heard_contact(turn: Applier, live: Live, frame: Frame, message: DeviceContact) -> None:
    """Know a contact of ours that another device has, or what is new of it."""
    devices = turn.context.devices
    source = devices.sender(live)
    contact = await devices.by_root(live.profile, message.root)
    is_new = contact is None
    if contact is None:
        contact = _container(turn, live.profile, message)
    changed = is_new or _take(turn, contact, message)
    for reached in message.reached:
        await branching.want(devices, turn, contact, source, reached, is_new=is_new)
    if changed:
        await devices.tell_own(turn, live.profile, telling.contact(devices, contact), but=live.id)


def _container(turn: Applier, profile: int, said: DeviceContact) -> Live:
    """Return a contact without a connection of its own: its devices come one by one."""
    context = turn.context
    if not context.remember_cid(turn.unit, said.root):
        raise RemoteProtocolError("a contact of another profile comes by a device")
    shake = HandshakeState(
        role=Role.ALICE if said.alice else Role.BOB,
        phase=Phase.ESTABLISHED,
        code=CodeKeys(bytes(KEY), said.root, None, is_address=False, private=said.private),
        cid=said.root,
        profile=context.cards[profile],
        proof_key=Secret(context.clock.random(KEY)),
        agreement_key=None,
        words=said.words,
        peer_profile=said.profile,
        mode=Mode.PRIVATE if said.private else Mode.PROVABLE,
    )
    connection = Connection.begin(shake, [], context.clock)
    row_id = next(context.connection_ids)
    live = Live(row_id, profile, "", said.profile.kind, said.trust, connection, {}, named=True)
    live.established, live.renamed = True, said.renamed
    live.timer = ConversationTimer(said.timer, said.timer_version, said.timer_ours)
    context.take_name(turn.unit, live, said.name)
    context.lives[live.id] = live
    turn.unit.on_failure(partial(context.unload, live.id))
    turn.unit.write(client_rows.new_connection(live, context.clock.now()))
    turn.unit.write(client_rows.timer(live.id, live.timer))
    turn.unit.write(
        Row(
            "UPDATE client_conversation SET read_here = ?, renamed = ? WHERE connection_id = ?",
            (UNREAD, said.renamed, live.id),
        )
    )
    return live


def _take(turn: Applier, live: Live, said: DeviceContact) -> bool:
    """Take what another device knows better; tell whether anything was new."""
    shake = live.connection.state.handshake
    turn.unit.touch(live)
    changed = False
    if said.trust > live.trust:
        live.trust, changed = said.trust, True
        turn.unit.write(client_rows.trust(live))
    if said.renamed and said.name != live.name and not _clashes(turn, live, said.name):
        turn.context.take_name(turn.unit, live, said.name)
        live.renamed = changed = True
        turn.unit.write(client_rows.renamed(live.id))
    if said.timer_version > live.timer.version:
        live.timer = ConversationTimer(said.timer, said.timer_version, said.timer_ours)
        turn.unit.write(client_rows.timer(live.id, live.timer))
        changed = True
    if shake.peer_profile is None or (
        not live.connection.lanes and shake.peer_profile != said.profile
    ):
        shake.peer_profile, changed = said.profile, True
    return changed


def _clashes(turn: Applier, live: Live, name: str) -> bool:
    names = turn.context.names[live.profile]
    return not names.is_free(name)


async def heard_gone(turn: Applier, live: Live, frame: Frame, message: DeviceGone) -> None:
    """Remove a contact that was removed on another device."""
    devices = turn.context.devices
    devices.sender(live)
    contact = await devices.by_root(live.profile, message.root)
    if contact is None:
        return
    await telling.contact_gone(turn, contact, but=live.id)
    await branching.remove_all(devices, turn, contact)
    accept.remove(turn, contact)

"""What our other devices are told of contacts."""

from graphchat.client.apply import Applier
from graphchat.client.devices.registry import Registry
from graphchat.client.live import HIDDEN, Live
from graphchat.content import ProfileCard
from graphchat.content.devices import DeviceContact, DeviceGone, Reached
from graphchat.core.handshake import Role


def contact(devices: Registry, live: Live) -> DeviceContact:
    """Return what another device is to know of a contact."""
    shake = live.connection.state.handshake
    card = shake.peer_profile or ProfileCard(live.name, "person")
    return DeviceContact(
        root=live.connection.cid,
        name=live.name,
        renamed=live.renamed,
        trust=live.trust,
        alice=shake.role is Role.ALICE,
        private=live.connection.private,
        words=shake.words,
        profile=card,
        timer=live.timer.seconds,
        timer_version=live.timer.version,
        timer_ours=live.timer.ours,
        reached=tuple(_reached(devices, live)),
    )


def _reached(devices: Registry, live: Live) -> list[Reached]:
    first = devices.branch(live.id)
    found = []
    if live.connection.lanes:
        found.append(Reached(live.connection.cid, first.device if first else b""))
    for each in devices.branches(live.id):
        branch = devices.context.lives.get(each.connection or 0)
        if each.state == "open" and branch is not None and branch.id != live.id:
            found.append(Reached(branch.connection.cid, each.device))
    return found[:16]


async def contact_changed(turn: Applier, live: Live, *, but: int | None = None) -> None:
    """Tell our other devices what is known of a contact now."""
    devices = turn.context.devices
    if live.kind in HIDDEN or not devices.linked(live.profile):
        return
    for each in devices.branches(live.id):
        if each.connection is not None:
            await devices.engine.live(each.connection)
    await devices.tell_own(turn, live.profile, contact(devices, live), but=but)


async def contact_gone(turn: Applier, live: Live, *, but: int | None = None) -> None:
    """Tell our other devices that a contact was removed."""
    devices = turn.context.devices
    if live.kind not in HIDDEN and devices.linked(live.profile):
        gone = DeviceGone(live.connection.cid)
        await devices.tell_own(turn, live.profile, gone, but=but)

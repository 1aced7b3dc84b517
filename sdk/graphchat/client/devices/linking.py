"""How a device comes to another one: by a code, four words, and a yes of the older device."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from PIL import Image as Pillow

from graphchat.client import accept, codes, reach, rows as client_rows
from graphchat.client.apply import Applier
from graphchat.client.devices import rows, sync
from graphchat.client.devices.registry import MAY, Registry
from graphchat.client.devices.state import OwnDevice, OwnState
from graphchat.client.live import OWN, SCANNED, Live, hidden_name
from graphchat.client.queues import make_lanes
from graphchat.codes import Code, Kind
from graphchat.content import ProfileCard, rules
from graphchat.content.devices import ID, MAX_DEVICES, DeviceHello, KnownDevice
from graphchat.content.profile import MAX_NAME
from graphchat.core.connection import Connection
from graphchat.core.effects import Effect
from graphchat.core.frame import Frame
from graphchat.core.handshake import Role
from graphchat.core.lane import LaneState
from graphchat.errors import CodeError, RemoteProtocolError, StateError

# Lanes between two devices, where the home has so many relays.
LANES: Final = 2
# Seconds that a code for a device is good: both are at hand.
LASTS: Final = 86_400.0
UNTOLD: Final = -1
"""How many lines of before there are, until the other device says so."""
UNNAMED: Final = "New device"
"""What a profile is called until the other device says who it is."""


def read(source: str | Path | Pillow.Image) -> Code:
    """Return the code in a link, or in a picture. Raises `CodeError`."""
    code = codes.read(source)
    if code.kind is not Kind.DEVICE:
        raise CodeError(
            "This code links no device. Make one on the other device: graphchat device link"
        )
    return code


def check_room(devices: Registry, profile: int) -> None:
    """Raise `StateError` if there are as many devices as there can be."""
    if sum(each.state in MAY for each in devices.of(profile)) >= MAX_DEVICES:
        raise StateError(f"There are {MAX_DEVICES} devices already. Remove one of them first.")
    here = devices.here(profile)
    if here is not None and here.state == "ended":
        raise StateError(ENDED)


ENDED: Final = (
    "This device was removed by another one of yours. What was said stays here; to go on, link it"
    " again: graphchat device accept LINK"
)


async def offer(devices: Registry, profile: int, name: str) -> tuple[Code, Live]:
    """Make a code for another device. Raises `StateError`, `RelayError`."""
    check_room(devices, profile)
    context = devices.context
    here = devices.here(profile)
    card = _card(here.name if here is not None else name)
    transport = context.transport.of(profile)
    lanes = await make_lanes(transport, context.relays, LANES, context.clock, distinct=True)
    code, connection = codes.invitation(lanes, card, context.clock, kind=Kind.DEVICE, lasts=LASTS)
    live = _live(devices, profile, connection)

    async def begin(turn: Applier) -> None:
        check_room(devices, profile)
        if devices.here(profile) is None:
            devices.add_own(turn, profile, context.clock.random(ID), name, "here")
        await start(devices, turn, live, lanes, [])

    await devices.engine.do(begin)
    return code, live


async def use(devices: Registry, profile: int, code: Code, name: str) -> Live:
    """Ask the other device to be linked with it. Raises `StateError`, `RelayError`."""
    context = devices.context
    reach.check(code, context.relays)
    codes.check_fresh(code, context.clock.now())
    if code.id in context.cids:
        raise StateError("This code was used here already, or is your own.")
    transport, wanted = context.transport.of(profile), len(code.lanes)
    lanes = await make_lanes(transport, context.relays, wanted, context.clock, distinct=False)
    asker = codes.Asker(_card(name))
    connection, effects = codes.answer(code, lanes, asker, context.clock)
    live = _live(devices, profile, connection)

    async def ask(turn: Applier) -> None:
        here = devices.add_own(turn, profile, context.clock.random(ID), name, "here")
        await start(devices, turn, live, lanes, effects)
        await devices.say(turn, live, DeviceHello(KnownDevice(here.device, here.name)))

    await devices.engine.do(ask)
    return live


async def start(
    devices: Registry, turn: Applier, live: Live, lanes: list[LaneState], effects: list[Effect]
) -> None:
    """Store a connection that people do not see, and receive by it."""
    context = devices.context
    if not context.remember_cid(turn.unit, live.connection.cid):
        raise StateError("This code was used here already, or is your own.")
    context.take_name(turn.unit, live, hidden_name(live))
    turn.unit.write(client_rows.new_connection(live, context.clock.now()))
    accept.add_lanes(turn, live, lanes)
    context.lives[live.id] = live
    turn.unit.touch(live)
    turn.unit.after(partial(devices.engine.receiver.subscribe, live.profile, lanes))
    await turn.apply(live, effects)


async def heard_hello(turn: Applier, live: Live, frame: Frame, message: DeviceHello) -> None:
    """Know who is at the other end. Raises `RemoteProtocolError`."""
    devices, said = turn.context.devices, message.device
    if live.kind != OWN or devices.at(live.id) is not None:
        raise RemoteProtocolError("a device introduces itself where it should not")
    here = devices.here(live.profile)
    known = next((each for each in devices.of(live.profile) if each.device == said.id), None)
    if here is None:
        raise RemoteProtocolError("a device has the id of another one")
    asks = live.connection.state.handshake.role is Role.ALICE
    if known is not None:
        raise RemoteProtocolError("a device has the id of another one")
    state: OwnState = "asking" if asks else "linked"
    known = devices.add_own(turn, live.profile, said.id, said.name, state, live.id)
    if not asks:
        devices.put(turn, replace(known, total=UNTOLD))
    devices.tell(turn, known, "asks" if asks else "linked")
    turn.unit.after(turn.context.pulses[live.id].beat)


async def confirm(devices: Registry, row: int, turn: Applier) -> None:
    """Let a device in that waits: it gets everything from now on. Raises `StateError`."""
    device = devices.index.own.get(row)
    if device is None or device.state != "asking" or device.connection is None:
        raise StateError("This device does not wait for a yes any more.")
    await sync.begin(devices, turn, device)


async def refuse(devices: Registry, row: int, turn: Applier) -> None:
    """Send away a device that waits: it was told nothing. Raises `StateError`."""
    device = devices.index.own.get(row)
    if device is None or device.state != "asking":
        raise StateError("This device does not wait for a yes any more.")
    await drop(devices, turn, device)


async def drop(devices: Registry, turn: Applier, device: OwnDevice) -> None:
    """Forget a device with the connection to it."""
    turn.unit.on_failure(partial(devices.index.own.__setitem__, device.id, device))
    devices.index.own.pop(device.id, None)
    turn.unit.write(rows.drop_own(device.id))
    if device.connection is not None:
        accept.remove(turn, await devices.engine.live(device.connection))


def _card(name: str) -> ProfileCard:
    rules.name("name of the device", name, MAX_NAME)
    return ProfileCard(name, "device")


def _live(devices: Registry, profile: int, connection: Connection) -> Live:
    connection.rotation.schedule = devices.context.schedule
    row_id = next(devices.context.connection_ids)
    return Live(row_id, profile, "", OWN, SCANNED, connection, {}, named=True)

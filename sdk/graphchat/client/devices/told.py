"""Events about devices, from rows to the types of `graphchat.client.devices.events`."""

from functools import partial

from graphchat.client import history
from graphchat.client.contact import Contact
from graphchat.client.devices.device import Device
from graphchat.client.devices.events import (
    ContactDevices,
    DeviceAsks,
    DeviceEvent,
    DeviceLinked,
    DeviceRemoved,
    MessageMirrored,
)
from graphchat.client.devices.records import (
    DeviceRecord,
    DevicesRecord,
    MirroredRecord,
    OfDevices,
)
from graphchat.client.engine import Engine
from graphchat.errors import NotFoundError
from graphchat.ids import MessageId


async def event(engine: Engine, row_id: int, found: OfDevices) -> DeviceEvent | None:
    """Return what is told the application; None if that is gone, or over."""
    if isinstance(found, DeviceRecord):
        return _of_device(engine, row_id, found)
    try:
        contact = Contact(engine, await engine.live(found.connection))
    except NotFoundError:
        return None
    match found:
        case DevicesRecord(count=count):
            return ContactDevices(row_id, contact, count)
        case MirroredRecord(message_id=name):
            read = partial(history.line, found.connection, name, True)  # noqa: FBT003 - ours
            line = await engine.context.database.read(read)
            if line is None or line.deleted:
                return None
            return MessageMirrored(row_id, contact, line.message, MessageId(name))


def _of_device(engine: Engine, row_id: int, found: DeviceRecord) -> DeviceEvent | None:
    known = engine.context.devices.index.own.get(found.device)
    if known is None:
        return None
    device = Device(engine, known)
    match found.what:
        case "asks":
            return DeviceAsks(row_id, device) if known.state == "asking" else None
        case "linked":
            return DeviceLinked(row_id, device)
        case "removed" | "ended":
            return DeviceRemoved(row_id, device, found.what == "ended")

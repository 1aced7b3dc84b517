"""What happens to devices, as lines and as records."""

from collections.abc import Mapping

from graphchat.cli import said
from graphchat.cli.output import plain
from graphchat.client import Device
from graphchat.client.devices.events import (
    ContactDevices,
    DeviceAsks,
    DeviceEvent,
    DeviceLinked,
    DeviceRemoved,
    MessageMirrored,
)
from graphchat.content.words import text_of

Record = Mapping[str, object]


def about(device: Device) -> Record:
    """Return what `--json` says of a device."""
    return {
        "device": device.name,
        "id": device.id,
        "state": device.state,
        "here": device.here,
        "words": list(device.words),
    }


def record(event: DeviceEvent) -> Record:
    """Return what `receive --json` says."""
    match event:
        case DeviceAsks(device=device):
            return {"event": "device.asks", **about(device)}
        case DeviceLinked(device=device):
            return {"event": "device.linked", **about(device)}
        case DeviceRemoved(device=device):
            return {"event": "device.removed", **about(device)}
        case ContactDevices(contact=contact, count=count):
            who = {"contact": contact.name, "contact_id": contact.id}
            return {"event": "contact.devices", **who, "count": count}
        case MessageMirrored(contact=contact, message=message, message_id=name):
            who = {"contact": contact.name, "contact_id": contact.id, "id": name.hex()}
            return {"event": "mirrored", **who, **said.record(message)}


def line(event: DeviceEvent) -> str:
    """Return what `receive` shows. Nothing in it can disturb a terminal, or look like a line."""
    match event:
        case DeviceAsks(device=device):
            return (
                f"* The device {plain(device.name)} asks to be linked. Only if its screen shows"
                f" {' '.join(device.words)}: graphchat device confirm {plain(device.name)}"
            )
        case DeviceLinked(device=device):
            return (
                f"* The device {plain(device.name)} is linked: it shares everything from now on."
            )
        case DeviceRemoved(here=True):
            return "! This device was removed by another one of yours. What was said stays here."
        case DeviceRemoved(device=device):
            return f"* The device {plain(device.name)} is removed."
        case ContactDevices(contact=contact, count=count):
            devices = "1 device" if count == 1 else f"{count} devices"
            return f"* {plain(contact.name)} uses {devices} now."
        case MessageMirrored(contact=contact, message=message):
            text = plain(text_of(message), lines=True).replace("\n", "\n    ")
            return f"* You, on another device, to {plain(contact.name)}: {text}"

"""Who takes which message of devices."""

from collections.abc import Mapping
from typing import Final

from graphchat.client.context import ControlHandler
from graphchat.client.devices import branching, lines, linking, removal, sync
from graphchat.content import Message
from graphchat.content.devices import (
    DeviceAdd,
    DeviceContact,
    DeviceEnd,
    DeviceGone,
    DeviceHello,
    DeviceHere,
    DeviceLines,
    DeviceList,
    DeviceOffer,
    DeviceProfile,
    DeviceRead,
    DeviceRemove,
    DeviceSync,
)

HANDLERS: Final[Mapping[type[Message], ControlHandler]] = {
    DeviceHello: linking.heard_hello,
    DeviceList: removal.heard_list,
    DeviceEnd: removal.heard_end,
    DeviceProfile: sync.heard_profile,
    DeviceContact: sync.heard_contact,
    DeviceGone: sync.heard_gone,
    DeviceOffer: branching.heard_offer,
    DeviceLines: lines.heard_lines,
    DeviceRead: lines.heard_read,
    DeviceSync: lines.heard_sync,
    DeviceAdd: branching.heard_add,
    DeviceHere: branching.heard_here,
    DeviceRemove: removal.heard_remove,
}

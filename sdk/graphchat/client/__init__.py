"""The engine of a device: profiles, contacts, messages.

`Client` is the way in. Below it one loop (`engine`) changes everything: machines of
`graphchat.core` in, rows and effects out, one commit for many of them.
"""

from graphchat.client.address import Address
from graphchat.client.client import Client
from graphchat.client.contact import Contact
from graphchat.client.devices.device import Device, DeviceLink
from graphchat.client.devices.events import (
    ContactDevices,
    DeviceAsks,
    DeviceLinked,
    DeviceRemoved,
    MessageMirrored,
)
from graphchat.client.devices.own import Acceptance
from graphchat.client.events import (
    Alarm,
    ContactEstablished,
    ContactFailed,
    ContactRead,
    ContactRekeyed,
    ContactRequested,
    ContactTyping,
    ControlReceived,
    Event,
    FileFailed,
    Introduced,
    IntroductionFailed,
    IntroductionReceived,
    MessageDeleted,
    MessageDelivered,
    MessageEdited,
    MessageReceived,
    OffTheRecordRequested,
    ProfileChanged,
    Reacted,
    RelayFailed,
    TimerChanged,
    Voted,
)
from graphchat.client.files.receipt import FileReceipt
from graphchat.client.files.records import LocalFile
from graphchat.client.groups.events import (
    GroupAlarm,
    GroupChanged,
    GroupGap,
    GroupInvited,
    GroupMessageReceived,
    JoinRequested,
)
from graphchat.client.groups.group import Broadcast, Group
from graphchat.client.groups.request import JoinRequest
from graphchat.client.groups.views import GroupLine, GroupMember
from graphchat.client.history import Ballot, Line, Mark
from graphchat.client.introduction import Introduction
from graphchat.client.invitation import Invitation
from graphchat.client.offrecord.session import OffTheRecord
from graphchat.client.policy import Policy
from graphchat.client.profile import OwnProfile, Profile
from graphchat.client.proof import Proof, verify_proof
from graphchat.client.receipt import Receipt
from graphchat.client.rekeying import RekeyCode
from graphchat.client.request import Request

__all__ = [
    "Acceptance",
    "Address",
    "Alarm",
    "Ballot",
    "Broadcast",
    "Client",
    "Contact",
    "ContactDevices",
    "ContactEstablished",
    "ContactFailed",
    "ContactRead",
    "ContactRekeyed",
    "ContactRequested",
    "ContactTyping",
    "ControlReceived",
    "Device",
    "DeviceAsks",
    "DeviceLink",
    "DeviceLinked",
    "DeviceRemoved",
    "Event",
    "FileFailed",
    "FileReceipt",
    "Group",
    "GroupAlarm",
    "GroupChanged",
    "GroupGap",
    "GroupInvited",
    "GroupLine",
    "GroupMember",
    "GroupMessageReceived",
    "Introduced",
    "Introduction",
    "IntroductionFailed",
    "IntroductionReceived",
    "Invitation",
    "JoinRequest",
    "JoinRequested",
    "Line",
    "LocalFile",
    "Mark",
    "MessageDeleted",
    "MessageDelivered",
    "MessageEdited",
    "MessageMirrored",
    "MessageReceived",
    "OffTheRecord",
    "OffTheRecordRequested",
    "OwnProfile",
    "Policy",
    "Profile",
    "ProfileChanged",
    "Proof",
    "Reacted",
    "Receipt",
    "RekeyCode",
    "RelayFailed",
    "Request",
    "TimerChanged",
    "Voted",
    "verify_proof",
]

"""graph-chat: a private chat protocol without user identities, and its client.

    from graphchat import Client, Profile

What is named here is loaded at its first use: a relay, which needs the wire protocol only,
does not load a client.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphchat.client import (
        Address,
        Alarm,
        Ballot,
        Broadcast,
        Client,
        Contact,
        ContactEstablished,
        ContactFailed,
        ContactRead,
        ContactRekeyed,
        ContactRequested,
        ContactTyping,
        ControlReceived,
        Event,
        Group,
        GroupAlarm,
        GroupChanged,
        GroupGap,
        GroupInvited,
        GroupLine,
        GroupMember,
        GroupMessageReceived,
        Invitation,
        JoinRequest,
        JoinRequested,
        Line,
        Mark,
        MessageDeleted,
        MessageDelivered,
        MessageEdited,
        MessageReceived,
        OffTheRecord,
        OffTheRecordRequested,
        OwnProfile,
        Policy,
        Profile,
        ProfileChanged,
        Proof,
        Reacted,
        Receipt,
        RekeyCode,
        RelayFailed,
        Request,
        TimerChanged,
        Voted,
        verify_proof,
    )
    from graphchat.content import (
        Choice,
        Choices,
        Delete,
        Edit,
        Form,
        FormAnswer,
        FormField,
        Image,
        Location,
        Message,
        Option,
        Poll,
        Reaction,
        Text,
        Voice,
        Vote,
    )
    from graphchat.errors import GraphchatError

__version__ = "0.1.0"

__all__ = [
    "Address",
    "Alarm",
    "Ballot",
    "Broadcast",
    "Choice",
    "Choices",
    "Client",
    "Contact",
    "ContactEstablished",
    "ContactFailed",
    "ContactRead",
    "ContactRekeyed",
    "ContactRequested",
    "ContactTyping",
    "ControlReceived",
    "Delete",
    "Edit",
    "Event",
    "Form",
    "FormAnswer",
    "FormField",
    "GraphchatError",
    "Group",
    "GroupAlarm",
    "GroupChanged",
    "GroupGap",
    "GroupInvited",
    "GroupLine",
    "GroupMember",
    "GroupMessageReceived",
    "Image",
    "Invitation",
    "JoinRequest",
    "JoinRequested",
    "Line",
    "Location",
    "Mark",
    "Message",
    "MessageDeleted",
    "MessageDelivered",
    "MessageEdited",
    "MessageReceived",
    "OffTheRecord",
    "OffTheRecordRequested",
    "Option",
    "OwnProfile",
    "Policy",
    "Poll",
    "Profile",
    "ProfileChanged",
    "Proof",
    "Reacted",
    "Reaction",
    "Receipt",
    "RekeyCode",
    "RelayFailed",
    "Request",
    "Text",
    "TimerChanged",
    "Voice",
    "Vote",
    "Voted",
    "__version__",
    "verify_proof",
]

_CONTENT = (
    "Choice",
    "Choices",
    "Delete",
    "Edit",
    "Form",
    "FormAnswer",
    "FormField",
    "Image",
    "Location",
    "Message",
    "Option",
    "Poll",
    "Reaction",
    "Text",
    "Voice",
    "Vote",
)
_HOMES = {"GraphchatError": "errors"} | dict.fromkeys(_CONTENT, "content")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"graphchat.{_HOMES.get(name, 'client')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

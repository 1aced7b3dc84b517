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
        Client,
        Contact,
        ContactEstablished,
        ContactFailed,
        ContactRequested,
        ControlReceived,
        Event,
        Invitation,
        Line,
        MessageDelivered,
        MessageReceived,
        OwnProfile,
        Profile,
        Proof,
        Receipt,
        RelayFailed,
        Request,
        verify_proof,
    )
    from graphchat.content import Image, Message, Text
    from graphchat.errors import GraphchatError

__version__ = "0.1.0"

__all__ = [
    "Address",
    "Alarm",
    "Client",
    "Contact",
    "ContactEstablished",
    "ContactFailed",
    "ContactRequested",
    "ControlReceived",
    "Event",
    "GraphchatError",
    "Image",
    "Invitation",
    "Line",
    "Message",
    "MessageDelivered",
    "MessageReceived",
    "OwnProfile",
    "Profile",
    "Proof",
    "Receipt",
    "RelayFailed",
    "Request",
    "Text",
    "__version__",
    "verify_proof",
]

_HOMES = {"GraphchatError": "errors", "Image": "content", "Message": "content", "Text": "content"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"graphchat.{_HOMES.get(name, 'client')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

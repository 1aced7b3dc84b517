"""The engine of a device: profiles, contacts, messages.

`Client` is the way in. Below it one loop (`engine`) changes everything: machines of
`graphchat.core` in, rows and effects out, one commit for many of them.
"""

from graphchat.client.address import Address
from graphchat.client.client import Client
from graphchat.client.contact import Contact, Line
from graphchat.client.events import (
    Alarm,
    ContactEstablished,
    ContactFailed,
    ContactRequested,
    ControlReceived,
    Event,
    MessageDelivered,
    MessageReceived,
    RelayFailed,
)
from graphchat.client.invitation import Invitation
from graphchat.client.profile import OwnProfile, Profile
from graphchat.client.proof import Proof, verify_proof
from graphchat.client.receipt import Receipt
from graphchat.client.request import Request

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
    "Invitation",
    "Line",
    "MessageDelivered",
    "MessageReceived",
    "OwnProfile",
    "Profile",
    "Proof",
    "Receipt",
    "RelayFailed",
    "Request",
    "verify_proof",
]

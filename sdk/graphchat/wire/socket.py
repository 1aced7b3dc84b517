"""The objects that travel over a WebSocket (docs/protocol.md, section 5)."""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from graphchat.wire.limits import KEY, OBJECT_ID, SIGNATURE
from graphchat.wire.rest import Message

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=OBJECT_ID)]
Uri = Annotated[str, msgspec.Meta(max_length=512)]
Auth = Annotated[bytes, msgspec.Meta(min_length=SIGNATURE, max_length=SIGNATURE)]
PublicKey = Annotated[bytes, msgspec.Meta(min_length=KEY, max_length=KEY)]
Refused: TypeAlias = Literal["unauthorized", "quota", "busy", "rate", "size"]
"""Why an answer is not ok. ``busy`` and ``rate``: try again later."""

RECIPIENT: Final = {"recipient_uri": "recipientURI", "message_id": "messageId"}
SENDER: Final = {"sender_uri": "senderURI"}


class Wire(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
    tag_field="type",
):
    """Settings that all socket objects share."""


class Subscribe(Wire, frozen=True, tag="subscribe", rename=RECIPIENT):
    """The recipient wants the messages of a queue."""

    id: Id
    recipient_uri: Uri
    auth: Auth


class Unsubscribe(Wire, frozen=True, tag="unsubscribe", rename=RECIPIENT):
    """The recipient wants no more of them."""

    id: Id
    recipient_uri: Uri


class DeleteMessage(Wire, frozen=True, tag="delete_message", rename=RECIPIENT):
    """The recipient has stored a message."""

    id: Id
    recipient_uri: Uri
    message_id: Annotated[str, msgspec.Meta(max_length=OBJECT_ID)]


class Attach(Wire, frozen=True, tag="attach", rename=SENDER):
    """The sender is going to send to a queue."""

    id: Id
    sender_uri: Uri
    auth: Auth = b""
    """Missing while the queue is open."""


class Send(Wire, frozen=True, tag="send", rename=SENDER):
    """The sender sends. Its ``id`` is random: a repetition of it is stored once."""

    id: Id
    sender_uri: Uri
    msg: bytes


class Answer(Wire, frozen=True):
    """The relay has done, or refused, what the object with this id asked."""

    id: str
    ok: bool
    error: Refused | Literal[""] = ""
    """Why not; missing when ok."""


class Subscribed(Answer, frozen=True, tag="subscribe"):
    """The answer to `Subscribe`."""


class Unsubscribed(Answer, frozen=True, tag="unsubscribe"):
    """The answer to `Unsubscribe`."""


class Deleted(Answer, frozen=True, tag="delete_message"):
    """The answer to `DeleteMessage`."""


class Attached(Answer, frozen=True, tag="attach"):
    """The answer to `Attach`."""


class Sent(Answer, frozen=True, tag="send"):
    """The answer to `Send`."""


class Session(Wire, frozen=True, tag="session"):
    """The first object on every socket, always as JSON text."""

    nonce: str
    """Part of what every ``auth`` on this socket signs."""
    relay: PublicKey
    """The identity key, whose fingerprint the client knows."""


class Push(Wire, frozen=True, tag="message", rename=RECIPIENT):
    """A message of a subscribed queue."""

    recipient_uri: str
    message: Message


class End(Wire, frozen=True, tag="end", rename=RECIPIENT):
    """The queue was subscribed to elsewhere, or is gone: no more pushes here."""

    recipient_uri: str


class Ready(Wire, frozen=True, tag="ready", rename=SENDER):
    """There is room again in a queue that was over quota."""

    sender_uri: str


class Invalid(Wire, frozen=True, tag="invalid"):
    """An object of the client did not have the right form."""

    error: str
    """RFC 6901 pointer to the first bad property; empty: the whole."""
    id: str = ""
    """The id of that object, where it had a readable one."""


ClientObject = Subscribe | Unsubscribe | DeleteMessage | Attach | Send
ServerObject = (
    Subscribed | Unsubscribed | Deleted | Attached | Sent | Session | Push | End | Ready | Invalid
)

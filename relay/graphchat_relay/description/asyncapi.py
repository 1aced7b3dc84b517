"""AsyncAPI 3.0 of the socket (docs/protocol.md, section 5)."""

from typing import Any, Final, get_args

from graphchat.wire import socket
from graphchat.wire.limits import BATCH, FRAME, IN_FLIGHT, L
from graphchat.wire.uri import DEFAULT_PATH
from graphchat_relay.description import worked
from graphchat_relay.description.schemas import COMPONENTS, Schema, components

JSON: Final = "application/json"
CHANNEL: Final = {"$ref": "#/channels/socket"}
ASKS: Final[tuple[type[Any], ...]] = get_args(socket.ClientObject)
SAYS: Final[tuple[type[Any], ...]] = get_args(socket.ServerObject)
ANSWERS: Final[dict[type[Any], type[Any]]] = {
    socket.Subscribe: socket.Subscribed,
    socket.Unsubscribe: socket.Unsubscribed,
    socket.DeleteMessage: socket.Deleted,
    socket.Attach: socket.Attached,
    socket.Send: socket.Sent,
}
ERRORS: Final[dict[type[Any], tuple[socket.Refused, ...]]] = {
    socket.Subscribed: ("unauthorized", "busy"),
    socket.Unsubscribed: (),
    socket.Deleted: ("unauthorized", "busy"),
    socket.Attached: ("unauthorized", "busy"),
    socket.Sent: ("unauthorized", "quota", "busy"),
}
"""Why this relay refuses. Those of other makes may also say `rate` and `size`."""
TEXT: Final = f"""\
What clients and a relay of graph-chat/1 say to each other over a WebSocket. The whole protocol \
is docs/protocol.md; this is its section 5, made from the code of the relay.

A text frame is JSON, with bytes in base64; a binary frame is MessagePack of the same objects, \
with bytes as `bin`. A frame holds one object or an array of at most {BATCH}, in at most \
{FRAME:,} bytes; a longer one closes the socket with 1009. The relay answers in the encoding in \
which it was last spoken to, and joins what falls together into one frame. There is no \
subprotocol and no compression. The first object is the relay's, as text: `session`.

Answers have the `type` and the `id` of what they answer, and come when they are ready, not in \
order. A relay that restarts closes its sockets with 1012, and a socket with many invalid objects \
with 1008."""


def document() -> Schema:
    """Return the whole description, as JSON has it."""
    _, schemas = components(*ASKS, *SAYS)
    for kind, errors in ERRORS.items():
        _narrow(schemas[kind.__name__], errors)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "The socket of a relay of graph-chat/1",
            "version": "1",
            "description": TEXT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "servers": {
            "relay": {
                "host": "relay.example",
                "protocol": "wss",
                "description": "`ws` is for loopback only.",
            }
        },
        "channels": {"socket": _channel()},
        "operations": _operations(),
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "messages": {kind.__name__: _message(kind) for kind in (*ASKS, *SAYS)},
        },
    }


def _narrow(schema: Schema, errors: tuple[socket.Refused, ...]) -> None:
    """Say that an answer has a reason exactly if it is not ok."""
    properties = schema["properties"]
    del properties["error"]
    if not errors:
        properties["ok"] = {"const": True}
        return
    properties["error"] = {"enum": list(errors)}
    schema["oneOf"] = [
        {"properties": {"ok": {"const": True}, "error": False}},
        {"properties": {"ok": {"const": False}}, "required": ["error"]},
    ]


def _channel() -> Schema:
    return {
        "address": DEFAULT_PATH,
        "description": (
            "The path of the create URI. A token may stand behind it, and is not needed: a wrong"
            " one is a 401. With a cookie: 400; too many sockets: 503 and `Retry-After`."
        ),
        "messages": {
            kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}
            for kind in (*ASKS, *SAYS)
        },
        "bindings": {"ws": {"method": "GET"}},
    }


def _operations() -> Schema:
    """Return what the relay takes with its answers, and what it says by itself."""
    asked = {
        _tag(kind): {
            "action": "receive",
            "channel": CHANNEL,
            "summary": _summary(kind),
            "messages": [_place(kind)],
            "reply": {"channel": CHANNEL, "messages": [_place(answer), _place(socket.Invalid)]},
        }
        for kind, answer in ANSWERS.items()
    }
    said = {
        _tag(kind): {
            "action": "send",
            "channel": CHANNEL,
            "summary": _summary(kind),
            "messages": [_place(kind)],
        }
        for kind in SAYS
        if kind not in ANSWERS.values()
    }
    return asked | said


def _message(kind: type[Any]) -> Schema:
    found: Schema = {
        "name": _tag(kind),
        "title": kind.__name__,
        "summary": _summary(kind),
        "payload": {"$ref": COMPONENTS + kind.__name__},
    }
    if kind in EXAMPLES:
        found["examples"] = [{"payload": {"type": _tag(kind)} | EXAMPLES[kind]}]
    if kind is socket.Subscribe:
        found["description"] = _signature()
    if kind is socket.Push:
        found["description"] = f"At most {IN_FLIGHT} of a queue that are not deleted yet."
    return found


def _signature() -> str:
    lines = "\n".join(f"    {line}" for line in worked.subscription().signed.split("\n"))
    return (
        "`auth`, here and in `attach`, is Ed25519 over five lines, joined by one byte 0x0A,"
        " without one at the end: `graph-chat/1 ws`; the fingerprint of the relay in base64url;"
        " the nonce of the session; the URI as in the object; the type of the object. Made once"
        " for each queue and socket. In the example it is by a key whose seed is the SHA-256 of"
        f" `graph-chat/1 example recipient`, over\n\n{lines}"
    )


def _tag(kind: type[Any]) -> str:
    return str(kind.__struct_config__.tag)


def _summary(kind: type[Any]) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0].replace("``", "`")


def _place(kind: type[Any]) -> Schema:
    return {"$ref": f"#/channels/socket/messages/{kind.__name__}"}


def _examples() -> dict[type[Any], Schema]:
    recipient = {"recipientURI": f"{worked.BASE}/{worked.RECIPIENT_ID}"}
    sender = {"senderURI": f"{worked.BASE}/{worked.SENDER_ID}"}
    stored = {"id": worked.MESSAGE_ID, "ts": worked.NOW, "size": L}
    return {
        socket.Session: {
            "nonce": worked.NONCE,
            "relay": worked.base64(worked.key("relay").public),
        },
        socket.Subscribe: {"id": "1", **recipient, "auth": worked.subscription().result},
        socket.Subscribed: {"id": "1", "ok": True},
        # Its body, too long to be shown here or to be pushed, is fetched by its id.
        socket.Push: {**recipient, "message": stored},
        socket.DeleteMessage: {"id": "2", **recipient, "messageId": worked.MESSAGE_ID},
        socket.Unsubscribe: {"id": "3", **recipient},
        socket.Attach: {"id": "4", **sender},
        socket.Sent: {"id": "Yk3nVq0xQF2m", "ok": False, "error": "quota"},
        socket.Ready: sender,
        socket.End: recipient,
        socket.Invalid: {"id": "5", "error": "/msg"},
    }


EXAMPLES: Final = _examples()

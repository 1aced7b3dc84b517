"""The one place that reaches through ASGI into Hypercorn, for what its interface does not offer.

Everything is guarded: with another server, or another version of it, nothing happens.
"""

import asyncio

from graphchat_relay.outbox import AsgiSend


def refuse_compression(send: AsgiSend) -> None:
    """Accept no permessage-deflate on the socket that ``send`` belongs to.

    Sealed envelopes do not get smaller, and it would double the cost of a frame.
    """
    handshake = getattr(getattr(send, "__self__", None), "handshake", None)
    if handshake is not None and hasattr(handshake, "extensions"):
        handshake.extensions = None


def abort(send: AsgiSend) -> None:
    """Break the connection that ``send`` belongs to, without waiting for its peer."""
    transport = transport_of(send)
    if transport is not None:
        transport.abort()


def transport_of(send: AsgiSend) -> asyncio.WriteTransport | None:
    """Return the transport under a stream, its protocol, and its server."""
    found = getattr(send, "__self__", None)
    for _ in range(2):
        found = getattr(getattr(found, "send", None), "__self__", None)
    transport = getattr(getattr(found, "writer", None), "transport", None)
    return transport if isinstance(transport, asyncio.WriteTransport) else None

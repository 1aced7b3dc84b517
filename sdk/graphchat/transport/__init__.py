"""How a client reaches relays: requests, and sockets that keep themselves connected."""

from graphchat.transport.http import HttpTransport
from graphchat.transport.ports import Delivery, Link, Listener, NewQueue, Transport

__all__ = ["Delivery", "HttpTransport", "Link", "Listener", "NewQueue", "Transport"]

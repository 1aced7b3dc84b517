"""What tests of graphchat programs need."""

from graphchat.testing.relays import TestRelay, relay

__all__ = ["TestRelay", "relay"]

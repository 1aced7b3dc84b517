"""graph-chat: a private chat protocol without user identities, and its client."""

__version__ = "0.1.0"

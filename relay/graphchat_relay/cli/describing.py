"""What ``graphchat relay describe`` does."""

from enum import StrEnum


class Subject(StrEnum):
    """What can be described."""

    REST = "rest"
    SOCKET = "socket"


def describe(subject: Subject) -> str:
    """Return the description as JSON, the same bytes for the same code."""
    import msgspec

    from graphchat_relay.description import asyncapi, openapi

    made = openapi.document() if subject is Subject.REST else asyncapi.document()
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n"

"""What people and programs say to each other: one frozen struct for each type of message."""

from graphchat.content.codec import MAX_MESSAGE, Message, Unknown, decode, encode
from graphchat.content.control import (
    BotCommand,
    BotCommands,
    Control,
    ReceiptBody,
    Resend,
    Welcome,
)
from graphchat.content.profile import ProfileCard, ProfileKind
from graphchat.content.spoken import Image, Spoken, Text

__all__ = [
    "MAX_MESSAGE",
    "BotCommand",
    "BotCommands",
    "Control",
    "Image",
    "Message",
    "ProfileCard",
    "ProfileKind",
    "ReceiptBody",
    "Resend",
    "Spoken",
    "Text",
    "Unknown",
    "Welcome",
    "decode",
    "encode",
]

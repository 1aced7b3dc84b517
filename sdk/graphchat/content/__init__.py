"""What people and programs say to each other: one frozen struct for each type of message."""

from graphchat.content.about import About, ProfileUpdate, Read, Timer, Typing
from graphchat.content.amending import Amending, Delete, Edit, Reaction, Vote
from graphchat.content.asking import Choice, Choices, Option, Poll
from graphchat.content.codec import (
    MAX_MESSAGE,
    ForPrograms,
    Message,
    Repliable,
    Spoken,
    Unknown,
    decode,
    encode,
)
from graphchat.content.control import (
    BotCommand,
    BotCommands,
    Control,
    ReceiptBody,
    Resend,
    Welcome,
)
from graphchat.content.forms import Form, FormAnswer, FormField
from graphchat.content.lanes import LaneAccept, LaneAdd, LaneRemove, LaneSeen, LaneTest, Offer
from graphchat.content.profile import ProfileCard, ProfileKind
from graphchat.content.spoken import Image, Location, Text, Voice

__all__ = [
    "MAX_MESSAGE",
    "About",
    "Amending",
    "BotCommand",
    "BotCommands",
    "Choice",
    "Choices",
    "Control",
    "Delete",
    "Edit",
    "ForPrograms",
    "Form",
    "FormAnswer",
    "FormField",
    "Image",
    "LaneAccept",
    "LaneAdd",
    "LaneRemove",
    "LaneSeen",
    "LaneTest",
    "Location",
    "Message",
    "Offer",
    "Option",
    "Poll",
    "ProfileCard",
    "ProfileKind",
    "ProfileUpdate",
    "Reaction",
    "Read",
    "ReceiptBody",
    "Repliable",
    "Resend",
    "Spoken",
    "Text",
    "Timer",
    "Typing",
    "Unknown",
    "Voice",
    "Vote",
    "Welcome",
    "decode",
    "encode",
]

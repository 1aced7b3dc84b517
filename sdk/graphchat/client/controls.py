"""Who takes which message that is no line of a conversation: one table of all features.

A feature is a module beside this one with a function for each of its messages. It gets the unit
in which the frame arrived, so what it changes and what it says are stored with it, or not at all.
"""

from collections.abc import Mapping
from typing import Final

from graphchat.client import amending, cards, commands, indicators, introductions, timers
from graphchat.client.context import ControlHandler
from graphchat.client.devices import handlers as devices
from graphchat.client.groups import handlers as groups
from graphchat.client.offrecord import desk
from graphchat.content import (
    BotCommands,
    Delete,
    Edit,
    IntroAsk,
    IntroOffer,
    Message,
    OtrAccept,
    OtrAsk,
    OtrEnd,
    ProfileUpdate,
    Reaction,
    Read,
    Timer,
    Typing,
    Vote,
)

HANDLERS: Final[Mapping[type[Message], ControlHandler]] = {
    Edit: amending.heard,
    Delete: amending.heard,
    Reaction: amending.heard,
    Vote: amending.heard,
    ProfileUpdate: cards.heard,
    BotCommands: commands.heard,
    Timer: timers.heard,
    Read: indicators.heard_read,
    Typing: indicators.heard_typing,
    IntroAsk: introductions.heard_ask,
    IntroOffer: introductions.heard_offer,
    OtrAsk: desk.heard,
    OtrAccept: desk.heard,
    OtrEnd: desk.heard,
    **groups.HANDLERS,
    **devices.HANDLERS,
}

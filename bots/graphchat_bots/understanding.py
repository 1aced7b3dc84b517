"""What somebody chose by a button, a number, a label or a reaction, or filled in of a form."""

from dataclasses import replace
from typing import Final

from graphchat.content import Choice, FormAnswer, Option, Text
from graphchat.content.words import text_of
from graphchat.errors import ContentError
from graphchat_bots.choosing import chosen, reacted
from graphchat_bots.errors import UserError
from graphchat_bots.message import Event, Message
from graphchat_bots.store import Offers
from graphchat_bots.turn import Offer, Turn

UNKNOWN: Final = "I do not know this form any more. Please ask for it again."


async def understand(turn: Turn, offers: Offers) -> None:
    """Let the event of ``turn`` say what was chosen, if something was.

    A chosen option is a `Choice`, however it was chosen. A button that was never offered here
    is a text: what a handler sees as a choice is one of its own options.

    Raises `UserError` if a form was filled in that is not known, or does not fit.
    """
    event = turn.event
    if event.message is not None and isinstance(event.message.content, FormAnswer):
        turn.event = await _filled(event, event.message.content, offers)
        return
    offer = await _offer(event, offers)
    option = _option(event, offer)
    if offer is not None and option is not None:
        turn.offers.append(replace(offer, is_open=False))
        said = Choice(offer.message_id, option.id, option.label)
        turn.event = as_choice(event, said)
    elif event.message is not None and isinstance(event.message.content, Choice):
        turn.event = as_choice(event, Text(event.message.text))


async def is_offered(event: Event, offers: Offers) -> bool:
    """Say whether ``event`` is about choices that a handler has sent, or about any form."""
    if event.message is not None and isinstance(event.message.content, FormAnswer):
        return True  # nothing else compares it with its form
    button = event.message is not None and isinstance(event.message.content, Choice)
    return (button or event.reaction is not None) and await _offer(event, offers) is not None


async def _filled(event: Event, answer: FormAnswer, offers: Offers) -> Event:
    offer = await offers.of(event.chat, answer.target)
    if offer is None or offer.form is None:
        if event.group is not None:  # it may be a form of anybody
            return as_choice(event, Text(text_of(answer)))
        raise UserError(UNKNOWN)
    try:
        offer.form.check(answer.values)
    except ContentError as error:
        raise UserError(str(error)) from None
    return event


async def _offer(event: Event, offers: Offers) -> Offer | None:
    if event.reaction is not None:
        return await offers.of(event.chat, event.reaction.to) if event.reaction.emoji else None
    if event.message is None:
        return None
    match event.message.content:
        case Choice(target=target):
            return await offers.of(event.chat, target)
        case Text():
            return await offers.open(event.chat)
        case _:
            return None


def _option(event: Event, offer: Offer | None) -> Option | None:
    if offer is None:
        return None
    if event.reaction is not None:
        return reacted(offer.options, event.reaction.emoji)
    return None if event.message is None else chosen(offer.options, event.message.content)


def as_choice(event: Event, said: Choice | Text) -> Event:
    """Return the event as one in which ``said`` was said."""
    if event.message is not None:
        return replace(event, message=replace(event.message, content=said))
    about = event.reaction
    assert about is not None  # only messages and reactions choose
    return replace(
        event, message=Message(about.to, event.sender, said, about.sent_at, event.group)
    )

"""How a bot behaves in groups: what it answers there, and by whose invitation it goes in."""

from typing import Final

from graphchat.content import GroupInvite, Text
from graphchat_bots.actions import Enter
from graphchat_bots.addressing import Called, handle
from graphchat_bots.message import Message
from graphchat_bots.plan import Plan, Rule
from graphchat_bots.port import Group
from graphchat_bots.roles import Role
from graphchat_bots.speech import gettext, marked
from graphchat_bots.turn import Turn

REFUSED: Final = marked("Thank you, but I do not go into groups by your invitation.")


def is_ignored(message: Message) -> bool:
    """Say whether a message in a group is of a bot that does not speak to this one."""
    return message.sender.is_bot and not message.mentioned


def is_meant(rule: Rule, message: Message) -> bool:
    """Say whether a handler of messages may look at this one.

    One without a condition would answer every word of a group: it hears what names the bot.
    """
    return bool(rule.filters) or message.mentioned


def is_for(bot: str, group: Group, typed: Called) -> bool:
    """Say whether a command in a group is for ``bot``: it names this bot, or none."""
    return not group.broadcast and typed.bot in {"", handle(bot)}


def answer_invitation(plan: Plan, turn: Turn) -> None:
    """Go into a group, or say no to whoever has invited the bot."""
    message = turn.event.message
    assert message is not None
    assert isinstance(message.content, GroupInvite)  # ports hand out nothing else
    is_admin = turn.event.sender.role >= Role.ADMIN
    if plan.join == "everybody" or (plan.join == "admins" and is_admin):
        turn.act(Enter(message.content.link))
    else:
        turn.say(Text(gettext(REFUSED)))

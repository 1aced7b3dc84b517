"""The bot's own database: what it has seen, its states, jobs, outbox and dead letters."""

from graphchat_bots.store.announced import ANNOUNCED, Announced
from graphchat_bots.store.commits import Commits
from graphchat_bots.store.conversations import Conversations
from graphchat_bots.store.offers import Offers
from graphchat_bots.store.outcome import DeadLetter, Outcome, StateRow
from graphchat_bots.store.queries import BOT, BotStore

__all__ = [
    "ANNOUNCED",
    "BOT",
    "Announced",
    "BotStore",
    "Commits",
    "Conversations",
    "DeadLetter",
    "Offers",
    "Outcome",
    "StateRow",
]

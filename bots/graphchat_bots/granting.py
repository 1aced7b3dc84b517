"""Roles while the bot runs: who has which, and the commands that change it.

``/role TOKEN`` redeems an invitation, ``/roles`` lets admins see who has a role, and take one
back. Both are part of the turn of their event, so a crash grants nothing twice.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from graphchat.content import Text
from graphchat_bots import grants
from graphchat_bots.errors import UserError
from graphchat_bots.grants import Grant
from graphchat_bots.log import note
from graphchat_bots.message import Event
from graphchat_bots.rates import Limiter, Rate
from graphchat_bots.roles import Holder, Role, RoleChange
from graphchat_bots.store import BotStore, Outcome
from graphchat_bots.timer import Timer
from graphchat_bots.turn import Turn

LIST: Final = "roles"

MAX_HOLDERS: Final = 10_000
# Guesses of one sender. 128 bits need no such help; the disk does.
GUESSES: Final = Rate(5, 3600)
# Lines that one answer shows.
_SHOWN: Final = 100


class Roles:
    """Who may do what. The rows are the truth; they are read at the start and after a change."""

    def __init__(self, store: BotStore, timer: Timer, folder: Path | None) -> None:
        self._store = store
        self._timer = timer
        self._folder = folder
        self._held: dict[str, Holder] = {}
        self._guesses = Limiter()
        # Invitations that are being redeemed, and the events that do it: each is good once,
        # also for two who say it at the same moment.
        self._taken: dict[str, str] = {}

    async def load(self) -> None:
        self._held = {holder.sender: holder for holder in await self._store.holders()}

    def of(self, sender: str) -> Role:
        """Return the role of a sender."""
        held = self._held.get(sender)
        return Role.MEMBER if held is None else held.role

    async def answer(self, turn: Turn, name: str, text: str) -> bool:
        """Answer the command ``name``, if it is about roles and the sender may use it."""
        if name == grants.COMMAND and self._folder is not None:
            refusal = self._guesses.take(
                (name, turn.event.sender.id), turn.event.id, GUESSES, self._timer.now()
            )
            if refusal is None:
                await self._redeem(turn, text.strip(), self._folder)
            elif refusal.first:
                turn.say(Text(str(refusal)))
            return True
        if name == LIST and turn.event.sender.role >= Role.ADMIN:
            turn.say(Text(self._manage(turn, text.split())))
            return True
        return False

    async def settle(self, outcome: Outcome) -> None:
        """Let what ``outcome`` changes be so: it is on disk."""
        if self._taken:
            self._taken = {id_: event for id_, event in self._taken.items() if event != outcome.id}
        if not outcome.roles:
            return
        await self.load()
        note("info", "roles have changed", count=len(outcome.roles))
        for change in outcome.roles:
            if change.grant and self._folder is not None:
                grant = Grant(change.grant, change.role)
                await asyncio.to_thread(grants.forget, self._folder, grant)

    async def _redeem(self, turn: Turn, token: str, folder: Path) -> None:
        now, event = self._timer.now(), turn.event
        grant = await asyncio.to_thread(grants.find, folder, token, now)
        if grant is None or not await self._is_free(grant, event):
            raise UserError("That invitation is not good, or not any more. Ask for a new one.")
        if event.sender.role >= grant.role:
            raise UserError(f"You are {event.sender.role.label} already.")
        if len(self._held) >= MAX_HOLDERS:
            raise UserError("Too many people have a role here.")
        self._taken[grant.id] = event.id
        sender = event.sender
        turn.roles.append(RoleChange(sender.id, sender.name, grant.role, now, grant.id))
        where = "in this group" if event.group else "of this bot"
        turn.say(Text(f"You are {grant.role.label} {where} now."))

    async def _is_free(self, grant: Grant, event: Event) -> bool:
        # The file of one that was used is left behind by a crash just then.
        used = await self._store.is_used(grant.id)
        return not used and self._taken.get(grant.id, event.id) == event.id

    def _manage(self, turn: Turn, words: list[str]) -> str:
        match words:
            case []:
                return _list(list(self._held.values()))
            case ["revoke", number]:
                return self._revoke(turn, number.removeprefix("#"))
            case _:
                raise UserError(f"Say /{LIST}, or /{LIST} revoke NUMBER.")

    def _revoke(self, turn: Turn, number: str) -> str:
        for holder in self._held.values():
            if str(holder.number) == number:
                now = self._timer.now()
                turn.roles.append(RoleChange(holder.sender, holder.name, Role.MEMBER, now))
                return f"{holder.name} is not {holder.role.label} any more."
        raise UserError(f"Nobody has this number. /{LIST} lists who has a role.")


def _list(holders: list[Holder]) -> str:
    lines = [
        f"- #{each.number}: {each.name}, {each.role.label} since {_day(each.at)}"
        for each in holders[-_SHOWN:]
    ]
    if (more := len(holders) - len(lines)) > 0:
        lines.append(f"- and {more} before")
    return "\n".join([*lines, "", f"/{LIST} revoke NUMBER takes a role back."])


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()

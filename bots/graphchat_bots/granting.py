"""Roles while the bot runs: who has which, and the commands that change it.

``/role TOKEN`` redeems an invitation, ``/roles`` lets admins see who has a role, and take one
back. Both are part of the turn of their event, so a crash grants nothing twice.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from graphchat.content import Text
from graphchat_bots import grants
from graphchat_bots.errors import UserError
from graphchat_bots.grants import Grant
from graphchat_bots.log import note
from graphchat_bots.message import Event
from graphchat_bots.rates import Limiter, Rate
from graphchat_bots.roles import Holder, Role, RoleChange
from graphchat_bots.speech import gettext, marked
from graphchat_bots.store import BotStore, Outcome
from graphchat_bots.timer import Timer
from graphchat_bots.turn import Turn

LIST: Final = "roles"

_LABELS: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.MEMBER: marked("member"),
        Role.MODERATOR: marked("moderator"),
        Role.ADMIN: marked("admin"),
    }
)

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
            raise UserError(
                gettext("That invitation is not good, or not any more. Ask for a new one.")
            )
        if event.sender.role >= grant.role:
            raise UserError(
                gettext("You are {role} already.").format(role=_label(event.sender.role))
            )
        if len(self._held) >= MAX_HOLDERS:
            raise UserError(gettext("Too many people have a role here."))
        self._taken[grant.id] = event.id
        sender = event.sender
        turn.roles.append(RoleChange(sender.id, sender.name, grant.role, now, grant.id))
        if event.group:
            text = gettext("You are {role} in this group now.")
        else:
            text = gettext("You are {role} of this bot now.")
        turn.say(Text(text.format(role=_label(grant.role))))

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
                raise UserError(
                    gettext("Say /{list}, or /{list} revoke NUMBER.").format(list=LIST)
                )

    def _revoke(self, turn: Turn, number: str) -> str:
        for holder in self._held.values():
            if str(holder.number) == number:
                now = self._timer.now()
                turn.roles.append(RoleChange(holder.sender, holder.name, Role.MEMBER, now))
                text = gettext("{name} is not {role} any more.")
                return text.format(name=holder.name, role=_label(holder.role))
        raise UserError(
            gettext("Nobody has this number. /{list} lists who has a role.").format(list=LIST)
        )


def _list(holders: list[Holder]) -> str:
    line = gettext("- #{number}: {name}, {role} since {day}")
    lines = [
        line.format(number=each.number, name=each.name, role=_label(each.role), day=_day(each.at))
        for each in holders[-_SHOWN:]
    ]
    if (more := len(holders) - len(lines)) > 0:
        lines.append(gettext("- and {count} before").format(count=more))
    end = gettext("/{list} revoke NUMBER takes a role back.").format(list=LIST)
    return "\n".join([*lines, "", end])


def _label(role: Role) -> str:
    return gettext(_LABELS[role])


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()

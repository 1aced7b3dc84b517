"""Groups without a network: who is in them, what was said, and what a moderator does to both."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from graphchat.content import Amending, Delete, Message
from graphchat.errors import NotFoundError, StateError
from graphchat_bots import actions
from graphchat_bots.port import GroupInfo, Member

BOT_ID: Final = "bot"
"""Of the bot among the members of every group."""
_RANKS: Final = ("observer", "member", "moderator", "admin", "owner")


@dataclass(slots=True)
class MemoryGroup:
    """One group, as all its members see it."""

    name: str
    now: Callable[[], float]
    """The time of the bot, in seconds since 1970."""
    approval: bool = False
    people: dict[str, Member] = field(default_factory=dict[str, Member])
    """Who is in, by id."""
    asking: dict[str, Member] = field(default_factory=dict[str, Member])
    """Who waits to be let in."""
    posts: dict[bytes, tuple[str, Message]] = field(
        default_factory=dict[bytes, tuple[str, Message]]
    )
    """Author and message by id, in order."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Of all who were ever in, by id."""
    _muted: dict[str, float] = field(default_factory=dict[str, float])

    def info(self) -> GroupInfo:
        """Return how the group is. Raises `StateError` if the bot is in it no more."""
        return GroupInfo(self.name, self.members(), self._me().role)

    def members(self) -> tuple[Member, ...]:
        """Return who is in, by name."""
        people = [replace(each, muted=self._is_muted(each.id)) for each in self.people.values()]
        return tuple(sorted(people, key=lambda each: (each.name.casefold(), each.id)))

    def may_post(self, author: str) -> bool:
        member = self.people.get(author)
        return member is not None and member.role != "observer" and not self._is_muted(author)

    def post(self, author: str, message: Message, message_id: bytes) -> None:
        """Say something, once. Raises `StateError` if they may not."""
        if not self.may_post(author):
            raise StateError(f"Your role does not let you post in {self.name}, or you are muted.")
        if isinstance(message, Delete):
            self.posts.pop(message.target, None)
        elif not isinstance(message, Amending):
            self.posts.setdefault(message_id, (author, message))

    def enter(self, member: Member) -> None:
        """Let somebody in who is invited, or needs no approval."""
        self.people.setdefault(member.id, member)
        self.names[member.id] = member.name

    def act(self, action: actions.Action) -> None:
        """Do what the bot wants. Raises `StateError` if its role does not allow it."""
        match action:
            case actions.Delete(message=message) if message in self.posts:
                self._check(self.posts[message][0])
                del self.posts[message]
            case actions.Mute(sender=sender, until=until) if sender in self.people:
                self._check(sender)
                self._muted[sender] = until
            case actions.Remove(sender=sender) if sender in self.people:
                self._check(sender)
                del self.people[sender]
            case actions.Decide(sender=sender, accept=accept) if sender in self.asking:
                self._check("")
                asked = self.asking.pop(sender)
                if accept:
                    self.enter(asked)
            case _:
                pass  # it is so already

    def _check(self, target: str) -> None:
        other = self.people.get(target)
        rank = -1 if other is None else _RANKS.index(other.role)
        mine = _RANKS.index(self._me().role)
        above = mine >= _RANKS.index("moderator") and mine > rank
        if not (above or target == BOT_ID or self._me().role == "owner"):
            raise StateError(f"Your role in {self.name} does not allow that.")

    def _is_muted(self, member: str) -> bool:
        return self._muted.get(member, 0) > self.now()

    def _me(self) -> Member:
        if BOT_ID not in self.people:
            raise StateError("The bot is not in this group, or not any more.")
        return self.people[BOT_ID]


class MemoryGroups:
    """All groups of one test, by the names of their chats."""

    def __init__(self, now: Callable[[], float], bot: str) -> None:
        self._now = now
        self.bot: Final = Member(BOT_ID, bot, "member", is_bot=True, is_me=True, muted=False)
        self._groups: dict[str, MemoryGroup] = {}

    def __contains__(self, chat: str) -> bool:
        return chat in self._groups

    def __getitem__(self, chat: str) -> MemoryGroup:
        """Return a group. Raises `NotFoundError`."""
        try:
            return self._groups[chat]
        except KeyError:
            raise NotFoundError from None

    def found(self, name: str, *, approval: bool) -> str:
        """Make a group with nobody in it; return the name of its chat."""
        chat = f"group-{len(self._groups) + 1}"
        self._groups[chat] = MemoryGroup(name, self._now, approval)
        return chat

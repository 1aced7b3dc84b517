"""Somebody whom a contact introduces to us, until we have said yes or no."""

from collections.abc import Sequence

from graphchat.client import introductions
from graphchat.client.contact import Contact
from graphchat.client.engine import Engine
from graphchat.client.live import INTRODUCED
from graphchat.content import ProfileCard


class Introduction:
    """Who introduces us, to whom, and what they say. Accept or reject it, within a week."""

    def __init__(self, engine: Engine, number: int, introducer: Contact) -> None:
        meeting = engine.context.introductions.meeting(number)
        self._engine = engine
        self._number = number
        self.introducer = introducer
        self.profile: ProfileCard = meeting.card
        """What the other one says of itself, as the introducer passes it on."""
        self.text: str = meeting.text
        """What the introducer says."""

    @property
    def id(self) -> str:
        """A number for people to type."""
        return str(self._number)

    @property
    def trust(self) -> int:
        """How sure it would be who they are: see `Contact.trust`."""
        return INTRODUCED

    @property
    def name(self) -> str:
        return self.profile.name

    async def accept(self, also: "Sequence[Introduction]" = ()) -> None:
        """Say yes: once the other one does, you are contacts, with trust 1.

        ``also``: introductions to the same person by other contacts. Then all of them together
        would have to lie to read along, and one that lies is named. The other one has to join
        the same. Raises `StateError` if one is over, `RelayError` if no relay of ours answers.
        """
        await introductions.accept(self._engine, [int(self.id), *(int(each.id) for each in also)])

    async def reject(self) -> None:
        """Forget it; nobody is told. Raises `StateError` if it was answered, or is over."""
        await introductions.reject(self._engine, self._number)

    def __repr__(self) -> str:
        return f"<Introduction to {self.name!r}>"


async def waiting(engine: Engine, profile: int) -> list[Introduction]:
    """Return the introductions of a profile that wait for an answer, oldest first."""
    found = []
    for number, meeting in engine.context.introductions.meetings(profile):
        if (live := await engine.find(meeting.ways[0].connection)) is not None:
            found.append(Introduction(engine, number, Contact(engine, live)))
    return found

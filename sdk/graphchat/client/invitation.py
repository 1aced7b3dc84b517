"""An invitation: a code for one other party, once."""

from datetime import UTC, datetime
from typing import Final

from PIL import Image as Pillow

from graphchat.client.contact import Contact
from graphchat.codes import qr
from graphchat.core.handshake import Phase


class Invitation:
    """A one-time code, and the contact that it becomes when somebody uses it.

    Hand it over where nobody else can see it: whoever uses it first is the contact.
    """

    def __init__(self, link: str, contact: Contact) -> None:
        self.link: Final = link
        self._contact: Final = contact

    def qr(self) -> Pillow.Image:
        """Return the QR code as a picture, black on white."""
        return qr.write(self.link)

    def qr_text(self, width: int = 80) -> str:
        """Return the QR code for a terminal of ``width`` columns. Raises `CodeError`."""
        return qr.terminal(self.link, width)

    @property
    def id(self) -> str:
        """The id that the contact will have, 32 hexadecimal digits."""
        return self._contact.id

    @property
    def used(self) -> bool:
        """Whether somebody has used the code."""
        return self._contact.state != Phase.INVITED

    @property
    def until(self) -> datetime | None:
        """Until when the code is good."""
        until = self._contact.code_until
        return datetime.fromtimestamp(until, UTC) if until else None

    async def contact(self) -> Contact:
        """Return the contact once somebody has used the code and both can talk."""
        await self._contact.established()
        return self._contact

    async def withdraw(self) -> None:
        """Make the code worthless: its queues are deleted.

        Raises `StateError` if it was used: then there is a contact, who can be removed.
        """
        await self._contact.withdraw()

    def __repr__(self) -> str:
        return f"<Invitation, {self._contact.state}>"

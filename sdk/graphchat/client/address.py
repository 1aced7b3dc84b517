"""An address: a code that anybody may use, any number of times, to ask for a connection."""

from functools import partial
from typing import Final

from PIL import Image as Pillow

from graphchat.client import rows
from graphchat.client.address_state import OpenAddress
from graphchat.client.apply import Applier
from graphchat.client.context import Job
from graphchat.client.engine import Engine
from graphchat.client.stored import RemoveWork
from graphchat.codes import qr


class Address:
    """A many-time code: publish it, put it on a card, print it."""

    def __init__(self, engine: Engine, address: OpenAddress, link: str) -> None:
        self._engine: Final = engine
        self._address: Final = address
        self.link: Final = link

    @property
    def text(self) -> str:
        return self.link

    @property
    def accepts_all(self) -> bool:
        """Whether requests are accepted without asking."""
        return self._address.accept_all

    @property
    def mode(self) -> str:
        """The `Contact.mode` of those who come by it, unless they ask for ``private``."""
        return "private" if self._address.state.code.private else "provable"

    def qr(self) -> Pillow.Image:
        """Return the QR code as a picture, black on white."""
        return qr.write(self.link)

    def qr_text(self, width: int = 80) -> str:
        """Return the QR code for a terminal of ``width`` columns. Raises `CodeError`."""
        return qr.terminal(self.link, width)

    async def delete(self) -> None:
        """Take the address back. Contacts that came by it stay."""
        await self._engine.do(self._delete)

    async def _delete(self, turn: Applier) -> None:
        context, address = turn.context, self._address
        turn.unit.write(rows.drop_address(address.id))
        for lane in address.state.lanes:
            work_id = next(context.work_ids)
            work = RemoveWork(
                lane.relay, lane.base, lane.recipient_id, lane.recipient_key, address.profile
            )
            turn.unit.write(rows.work(work_id, None, work))
            turn.unit.after(partial(context.hire, Job(work_id, None, work)))
        turn.unit.after(partial(context.drop_address, address.id))

    def __repr__(self) -> str:
        return "<Address>"

"""An address: a code that anybody may use, any number of times, to ask for a connection."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec
from PIL import Image as Pillow

from graphchat.client import codes, load, rows
from graphchat.client.accept import drop_address
from graphchat.client.address_state import OpenAddress
from graphchat.client.apply import Applier
from graphchat.client.engine import Engine
from graphchat.client.lanes import best
from graphchat.client.queues import make_lanes
from graphchat.codes import qr
from graphchat.codes.invitation import MAX_WORK
from graphchat.errors import ContentError, StateError

# Queues of an address, where the home has so many relays.
LANES: Final = 2


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

    @property
    def work(self) -> int:
        """Bits of work that whoever asks has to show."""
        return self._address.state.code.work

    async def delete(self) -> None:
        """Take the address back, and those before it. Contacts that came by it stay."""
        await self._engine.do(self._delete)

    async def _delete(self, turn: Applier) -> None:
        drop_address(turn, self._address)
        for each in list(turn.context.addresses.values()):
            if each.profile == self._address.profile and each.state.ends_at:
                drop_address(turn, each)

    async def rotate(self, keep: float) -> "Address":
        """See `OwnProfile.rotate_address`."""
        old = self._address
        wanted = Wanted(old.accept_all, old.state.code.private, old.state.code.work)
        return await make_address(
            self._engine, old.profile, wanted, partial(self._check_current, old), (old, keep)
        )

    def _check_current(self, old: OpenAddress) -> None:
        if not old.is_current or old.id not in self._engine.context.addresses:
            raise StateError("This address was deleted or changed meanwhile.")

    def __repr__(self) -> str:
        return "<Address>"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address is to be like."""

    accept_all: bool = False
    private: bool = False
    work: int = 0


async def make_address(
    engine: Engine,
    profile: int,
    wanted: Wanted,
    check: Callable[[], None],
    old: tuple[OpenAddress, float] | None = None,
) -> Address:
    """Make an address with fresh queues; ``check`` raises if it may not be made any more.

    ``old`` is the one whose place it takes, and for how many seconds that goes on.
    """
    context = engine.context
    if not 0 <= wanted.work <= MAX_WORK:
        raise ContentError(f"An address wants 0 to {MAX_WORK} bits of work.")
    check()
    lanes = await make_lanes(
        context.transport.of(profile), best(context), LANES, context.clock, distinct=True
    )
    code, state = codes.address(lanes, context.clock, private=wanted.private, work=wanted.work)
    address = OpenAddress(next(context.address_ids), profile, state, wanted.accept_all)

    async def store(turn: Applier) -> None:
        check()  # two may have been made at the same time
        if old is not None:
            _retire(turn, *old)
        load.add_address(context, address)
        turn.unit.on_failure(partial(context.drop_address, address.id))
        turn.unit.write(rows.address(address, code.text, context.clock.now()))
        turn.unit.after(partial(engine.receiver.subscribe_address, address))

    await engine.do(store)
    return Address(engine, address, code.text)


def _retire(turn: Applier, old: OpenAddress, keep: float) -> None:
    """End an address, at once or after ``keep`` seconds."""
    if keep <= 0:
        drop_address(turn, old)
        return
    before = old.state
    old.state = msgspec.structs.replace(before, ends_at=turn.context.clock.now() + keep)
    turn.unit.on_failure(partial(setattr, old, "state", before))
    turn.unit.write(rows.change_address(old))

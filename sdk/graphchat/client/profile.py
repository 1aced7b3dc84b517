"""One profile of this client: a name to the outside, with contacts of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from PIL import Image as Pillow

from graphchat import content
from graphchat.client import (
    accept,
    cards,
    codes,
    flood,
    introductions,
    lanes,
    reach,
    rekeying,
    rows,
)
from graphchat.client.address import Address, Wanted, make_address
from graphchat.client.address_state import OpenAddress
from graphchat.client.apply import Applier
from graphchat.client.contact import Contact
from graphchat.client.conversation import MAX_PAGE
from graphchat.client.devices import own as devices
from graphchat.client.devices.device import Device, DeviceLink
from graphchat.client.engine import Engine
from graphchat.client.events import Event
from graphchat.client.files.receipt import FileReceipt
from graphchat.client.groups import own as groups
from graphchat.client.groups.group import Broadcast, Group, handle as group_handle
from graphchat.client.history import Line, lines_at
from graphchat.client.introduction import Introduction, waiting
from graphchat.client.invitation import Invitation
from graphchat.client.live import ASKED, HIDDEN, SCANNED, Live
from graphchat.client.proving import Progress, prove
from graphchat.client.queues import make_lanes
from graphchat.client.request import Request
from graphchat.client.search import Scope, Search
from graphchat.client.stream import PAGE, Stream
from graphchat.client.talking import read_file
from graphchat.codes import Kind
from graphchat.content import ProfileCard
from graphchat.content.pictures import make_avatar
from graphchat.core import record
from graphchat.core.connection import Connection, ConnectionState
from graphchat.core.effects import Effect
from graphchat.core.groups.actions import Role, Settings as GroupSettings
from graphchat.core.handshake import Role as Side
from graphchat.core.lane import LaneState
from graphchat.crypto.keys import AgreementKey
from graphchat.errors import CodeError, NotFoundError, StateError
from graphchat.store import Cursor
from graphchat.store.words import Query

FOR_DEVICES: Final = (
    "This code links another device of its owner, not a contact. On a device of yours, use:"
    " graphchat device accept LINK"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What contacts are to see. Names are not unique, and nobody vouches for them."""

    name: str
    avatar: Path | bytes | None = None
    """A picture; it is made small, and its metadata is removed."""
    kind: content.ProfileKind = "person"
    status: str = ""
    bio: str = ""

    async def card(self) -> ProfileCard:
        """Return the card that travels. Raises `ContentError`."""
        return await asyncio.to_thread(self._card)

    def _card(self) -> ProfileCard:
        avatar = self.avatar
        data = read_file(avatar) if isinstance(avatar, Path) else avatar
        small = None if data is None else make_avatar(data)
        return ProfileCard(self.name, self.kind, small, self.status, self.bio)


class OwnProfile:
    """A profile that this client speaks as."""

    def __init__(self, engine: Engine, row_id: int) -> None:
        self._engine: Final = engine
        self.row_id: Final = row_id
        self._stream: Final = Stream(engine, row_id)

    @property
    def card(self) -> ProfileCard:
        """What contacts see."""
        return self._engine.context.cards[self.row_id]

    @property
    def name(self) -> str:
        return self.card.name

    # Codes

    async def invite(
        self, *, private: bool = False, lasts: float = codes.INVITE_LASTS
    ) -> Invitation:
        """Make a one-time code for one other party.

        With ``private``, nothing that is said with them is ever signed: neither side can prove
        it to others. This cannot be changed later.

        ``lasts``: for how many seconds the code is good, a year at most; else 30 days.

        Raises `StateError` without a relay, `RelayError` if none can be reached.
        """
        clock = self._engine.context.clock
        wanted = self._engine.context.policy.lanes
        fresh = await self._lanes(wanted, distinct=True)
        code, connection = codes.invitation(fresh, self.card, clock, private=private, lasts=lasts)
        live = self._new(connection, SCANNED)
        await self._engine.do(partial(self._begin, live, "invitation", []))
        return Invitation(code.text, Contact(self._engine, live))

    async def invitations(self) -> list[Invitation]:
        """Return the invitations that nobody has used yet, oldest first."""
        found = await self._contacts(("invited",))
        found = [each for each in found if not each.introduced_by]
        found.sort(key=lambda contact: contact.row_id)
        return [Invitation(codes.shown_again(each.connection).text, each) for each in found]

    async def connect(
        self,
        source: str | Path | Pillow.Image,
        *,
        text: str = "",
        private: bool = False,
        progress: Progress = lambda _done, _of: None,
    ) -> Contact:
        """Use a code: a link, the path of a picture, or a picture. Returns the new contact.

        What is sent to it before it answers waits. ``text`` goes with a request at an
        address. With ``private``, or if the code says so, nothing is ever signed: see `invite`.
        Some addresses want work against spam: this takes up to minutes then, and ``progress``
        hears how many tries were made, and how many it takes on average.
        Raises `CodeError`, `StateError`, `RelayError` if no relay of ours answers.
        """
        code = await asyncio.to_thread(codes.read, source)
        reach.check(code, self._engine.context.relays)
        if code.kind in {Kind.DEVICE, Kind.CONTACT}:
            raise CodeError(FOR_DEVICES)
        codes.check_fresh(code, self._engine.context.clock.now())
        if code.kind is Kind.REKEY:
            return Contact(self._engine, await rekeying.use(self._engine, self.row_id, code))
        await self._check_unused(code.id)
        clock = self._engine.context.clock
        key = AgreementKey.generate(clock)
        work = await prove(code, key.public, progress)
        fresh = await self._lanes(len(code.lanes), distinct=False)
        asker = codes.Asker(self.card, text, private, key, work)
        connection, effects = codes.answer(code, fresh, asker, clock)
        trust = ASKED if connection.state.handshake.code.is_address else SCANNED
        live = self._new(connection, trust)
        await self._engine.do(partial(self._begin, live, "new contact", effects))
        return Contact(self._engine, live)

    async def create_address(
        self, *, accept_all: bool = False, private: bool = False, work: int = 0
    ) -> Address:
        """Make a many-time code, at which anybody who has it may ask to connect.

        With ``private``, nothing is signed in connections by it: see `invite`.
        With ``accept_all`` every request is accepted, as bots want it. ``work`` makes asking
        dear, against spam: bits, 0 to 26; 20 is a second, and each more doubles it. Raises
        `StateError` if there is an address already, `RelayError` if no relay can be reached.
        """
        self._check_no_address()
        wanted = Wanted(accept_all, private, work)
        return await make_address(self._engine, self.row_id, wanted, self._check_no_address)

    async def rotate_address(self, *, keep: float = 0.0) -> Address:
        """Make another code in place of the address. Contacts that came by the old one stay.

        The old one takes requests for ``keep`` more seconds. Raises `NotFoundError` if there
        is no address, and as `create_address`.
        """
        if (old := await self.current_address()) is None:
            raise NotFoundError("This profile has no address. Make one: graphchat address create")
        return await old.rotate(keep)

    def _check_no_address(self) -> None:
        if any(self._is_mine(each) for each in self._engine.context.addresses.values()):
            raise StateError("This profile has an address already. Delete it first.")

    def _is_mine(self, address: OpenAddress) -> bool:
        return address.profile == self.row_id and address.is_current

    async def current_address(self) -> Address | None:
        """Return the address of this profile, if it has one."""
        for address in self._engine.context.addresses.values():
            if self._is_mine(address):
                text = await self._engine.context.database.read(partial(_code, address.id))
                return Address(self._engine, address, text)
        return None

    async def address(self) -> Address:
        """Return the address of this profile; make it if there is none."""
        return await self.current_address() or await self.create_address()

    async def _lanes(self, wanted: int, *, distinct: bool) -> list[LaneState]:
        context = self._engine.context
        transport, relays = context.transport.of(self.row_id), lanes.best(context)
        return await make_lanes(transport, relays, wanted, context.clock, distinct=distinct)

    async def _check_unused(self, code_id: bytes) -> None:
        """Raise `StateError` for a code that leads back to this client."""
        context = self._engine.context
        own = {address.state.code.id for address in context.addresses.values()}
        known = code_id in context.cids
        made_here = known and await context.database.read(partial(_is_inviter, code_id))
        if code_id in own or made_here:
            raise StateError("This code is your own. Give it to somebody else.")
        if known:
            raise StateError(
                "This code was used here already. See: graphchat contacts. For another contact,"
                " ask for a fresh code."
            )

    def _new(self, connection: Connection, trust: int) -> Live:
        row_id = next(self._engine.context.connection_ids)
        connection.rotation.schedule = self._engine.context.schedule
        return Live(row_id, self.row_id, "", "person", trust, connection, {})

    async def _begin(self, live: Live, name: str, effects: list[Effect], turn: Applier) -> None:
        """Store a new connection with its queues, and receive from them."""
        context = turn.context
        await self._check_unused(live.connection.cid)
        context.remember_cid(turn.unit, live.connection.cid)
        context.take_name(turn.unit, live, name)
        turn.unit.write(rows.new_connection(live, context.clock.now()))
        fresh = [lane.state for lane in live.connection.lanes.values()]
        accept.add_lanes(turn, live, fresh)
        context.lives[live.id] = live
        turn.unit.after(partial(self._engine.receiver.subscribe, self.row_id, fresh))
        await turn.apply(live, effects)

    # Contacts

    async def contacts(self) -> list[Contact]:
        """Return all contacts, by name; those too that have not answered yet."""
        return await self._contacts(("requested", "pending", "established", "failed"))

    async def uploads(self) -> list[tuple[Contact | Group, FileReceipt]]:
        """Return files of ours on their way, oldest first, and to whom they go."""
        found: list[tuple[Contact | Group, FileReceipt]] = []
        now = datetime.fromtimestamp(self._engine.context.clock.now(), UTC)
        for upload in self._engine.uploads.all():
            if upload.filling.profile != self.row_id:
                continue
            whom: Contact | Group
            if upload.where.group:
                live = await self._engine.context.groups.get(upload.where.group)
                whom = group_handle(self._engine, live)
            else:
                whom = Contact(self._engine, await self._engine.live(upload.where.connection))
            found.append((whom, FileReceipt(self._engine, upload, now)))
        return found

    async def contact(self, name: str) -> Contact:
        """Return the contact with this name or id. Raises `NotFoundError`."""
        contacts = await self.contacts()
        for contact in contacts:
            if name in {contact.name, contact.id}:
                return contact
        near = [each for each in contacts if each.name.casefold() == name.casefold()]
        if len(near) == 1:
            return near[0]
        known = ", ".join(each.name for each in contacts[:10]) or "nobody yet"
        raise NotFoundError(f"There is no contact {name!r}. Contacts: {known}.")

    async def dropped_requests(self) -> int:
        """Return how many requests were dropped because too many waited for an answer."""
        return await self._engine.context.database.read(partial(flood.dropped, self.row_id))

    async def requests(self) -> list[Request]:
        """Return who waits for an answer at the address, oldest first."""
        found = await self._contacts(("request",))
        return [Request(self._engine, contact, contact.request_text) for contact in found]

    async def introduce(self, first: Contact, second: Contact, *, text: str = "") -> None:
        """Ask two contacts whether they want to meet: they become contacts if both say yes.

        ``text`` is shown to both. Raises `StateError` if you are not connected with both, or
        they have not answered you before, `ContentError` for more than 1,000 characters.
        """
        await introductions.introduce(self._engine, (first.row_id, second.row_id), text)

    async def introductions(self) -> list[Introduction]:
        """Return who was introduced to us and waits for an answer, oldest first."""
        return await waiting(self._engine, self.row_id)

    async def _contacts(self, states: tuple[str, ...]) -> list[Contact]:
        read = partial(_rows_in, self.row_id, states)
        found = await self._engine.context.database.read(read)
        lives = [await self._engine.live(row_id) for row_id in found]
        for live in lives:
            await self._engine.context.devices.targets(live)  # loads what it is talked to by
        return [Contact(self._engine, live) for live in lives]

    async def search(
        self, query: str, *, before: int | None = None, limit: int = 50
    ) -> Sequence[tuple[Contact, Line]]:
        """Return the newest ``limit`` lines of all conversations that fit, oldest first.

        See `Contact.history` for what fits.
        """
        database = self._engine.context.database
        search = Search(database, Scope(profile=self.row_id), Query.of(query))
        positions = await search.positions(before, min(max(limit, 0), MAX_PAGE))
        found = await lines_at(database, positions, self._engine.context.clock.now())
        return [(Contact(self._engine, await self._engine.live(row)), line) for row, line in found]

    # Groups

    async def create_group(self, name: str, *, approval: bool = False, history: int = 0) -> Group:
        """Found a group, and forward for it with this device.

        With ``approval`` who comes by the link waits to be let in; newcomers get the last
        ``history`` posts. `Group.change` changes all settings. Raises `ContentError`, and
        `RelayError` if no relay can be reached.
        """
        settings = GroupSettings(name, approval=approval, history=history)
        return await groups.create(self._engine, self.row_id, settings)

    async def create_broadcast(self, name: str, description: str = "") -> Broadcast:
        """Make a group in which only owners post. Raises as `create_group`."""
        settings = GroupSettings(name, description, broadcast=True, post=Role.OWNER)
        made = await groups.create(self._engine, self.row_id, settings)
        assert isinstance(made, Broadcast)
        return made

    async def join_group(self, source: str | Path | Pillow.Image) -> Group:
        """Ask to be let into a group or a broadcast: a link, or a picture of its QR code.

        Raises `CodeError`, `StateError`, `RelayError`.
        """
        return await groups.join(self._engine, self.row_id, source)

    async def groups(self) -> list[Group]:
        """Return all groups and broadcasts, by name; those too that we have left."""
        return await groups.all_of(self._engine, self.row_id)

    async def group(self, name: str) -> Group:
        """Return the group with this name or id. Raises `NotFoundError`."""
        return await groups.choose(self._engine, self.row_id, name)

    # Devices

    async def link_device(self, name: str | None = None) -> DeviceLink:
        """Make a one-time code for another device of yours; ``name`` is what this one is called.

        Say yes, by `DeviceLink.device`, only if both screens show the same words. Raises
        `StateError` if there are 8 devices, and as `invite`.
        """
        return await devices.link(self._engine, self.row_id, name)

    async def devices(self) -> list[Device]:
        """Return the devices of this profile, this one first; none if it was never linked."""
        return devices.all_of(self._engine, self.row_id)

    async def device(self, name: str) -> Device:
        """Return the device with this name or id. Raises `NotFoundError`."""
        return devices.choose(self._engine, self.row_id, name)

    # Events

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens, for ever. Asking for the next event acknowledges the one before.

        Only one consumer at a time: two would see the same events.
        """
        async for event in self._stream.events():
            yield event

    async def pending_events(self, after: int = 0, limit: int = PAGE) -> list[Event]:
        """Return unacknowledged events with ids above ``after``, at most ``limit``."""
        return await self._stream.pending(after, limit)

    async def wait_events(self, after: int = 0) -> None:
        """Return when there is an unacknowledged event with an id above ``after``."""
        await self._stream.wait(after)

    async def acknowledge(self, ids: Sequence[int]) -> None:
        """Forget events: they were handled."""
        await self._stream.acknowledge(ids)

    # The profile itself

    async def edit(self, profile: Profile) -> None:
        """Change what contacts see; all of them are told. Raises `ContentError`."""
        await cards.change(self._engine, self.row_id, await profile.card())

    async def flushed(self) -> None:
        """Return once relays have all that was said to contacts; some may be unreachable."""
        for contact in await self.contacts():
            await contact.flushed()

    @property
    def indicators(self) -> bool:
        """Whether contacts learn what was read and that somebody types, and tell it.

        Off by default. Only where both sides have them on, either sees them.
        """
        return self.row_id in self._engine.context.indicators

    async def set_indicators(self, *, wanted: bool) -> None:
        """Turn indicators on or off."""
        context = self._engine.context
        await context.database.write(partial(_indicate, self.row_id, wanted))
        (context.indicators.add if wanted else context.indicators.discard)(self.row_id)

    async def remove(self) -> None:
        """Delete the profile with its contacts, conversations and queues."""
        if (address := await self.current_address()) is not None:
            await address.delete()
        await groups.forget_all(self._engine, self.row_id)
        await introductions.forget_all(self._engine, self.row_id)
        await self._engine.do(partial(self._engine.context.devices.forget, self.row_id))
        for row_id in await self._engine.context.database.read(partial(_all, self.row_id)):
            # One of a contact goes with it.
            with suppress(NotFoundError):
                await Contact(self._engine, await self._engine.live(row_id)).remove()
        await self._engine.context.database.write(partial(_forget, self.row_id))
        self._engine.context.cards.pop(self.row_id, None)
        self._engine.context.indicators.discard(self.row_id)

    def __repr__(self) -> str:
        return f"<OwnProfile {self.name!r}>"


def _code(address: int, cursor: Cursor) -> str:
    row = cursor.execute("SELECT code FROM client_address WHERE id = ?", (address,)).fetchone()
    return str(row[0]) if row else ""


def _rows_in(profile: int, states: tuple[str, ...], cursor: Cursor) -> list[int]:
    marks = ", ".join("?" * len(states))
    hidden = ", ".join("?" * len(HIDDEN))
    found = cursor.execute(
        f"SELECT id FROM client_connection WHERE profile_id = ? AND state IN ({marks})"  # noqa: S608 - question marks
        f" AND kind NOT IN ({hidden}) ORDER BY lower(name), id",
        (profile, *states, *HIDDEN),
    )
    return [row[0] for row in found]


def _is_inviter(cid: bytes, cursor: Cursor) -> bool:
    """Tell whether the code of a connection was made here."""
    found = cursor.execute("SELECT machine FROM client_connection WHERE cid = ?", (cid,))
    row = found.fetchone()
    if row is None:
        return False
    return record.load(row[0], ConnectionState).handshake.role is Side.ALICE


def _all(profile: int, cursor: Cursor) -> list[int]:
    found = cursor.execute("SELECT id FROM client_connection WHERE profile_id = ?", (profile,))
    return [row[0] for row in found]


def _indicate(profile: int, wanted: bool, cursor: Cursor) -> None:  # noqa: FBT001 - a column
    cursor.execute("UPDATE client_profile SET indicators = ? WHERE id = ?", (wanted, profile))
    # What was told before is not shown, and is not there when they are on again.
    cursor.execute(
        "UPDATE client_conversation SET read_there = 0 WHERE connection_id IN"
        " (SELECT id FROM client_connection WHERE profile_id = ?)",
        (profile,),
    )


def _forget(profile: int, cursor: Cursor) -> None:
    cursor.execute("DELETE FROM client_event WHERE profile_id = ?", (profile,))
    cursor.execute("DELETE FROM client_profile WHERE id = ?", (profile,))

"""One contact of a profile: who is at the other end, and how sure that is."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from graphchat.client import accept, commands, policy, proof, rekeying, rows
from graphchat.client.apply import Applier
from graphchat.client.live import HIDDEN, VERIFIED
from graphchat.client.offrecord import asking
from graphchat.client.offrecord.session import IDLE, OffTheRecord
from graphchat.client.proof import Proof
from graphchat.client.rekeying import RekeyCode
from graphchat.client.talking import Talking
from graphchat.content import BotCommand, ProfileCard, rules
from graphchat.content.profile import MAX_NAME
from graphchat.core.handshake import Phase
from graphchat.errors import StateError
from graphchat.ids import MessageId


class Contact(Talking):
    """A connection with the person, bot or group at its other end.

    A handle: two of one contact are equal, and both follow what happens.
    """

    @property
    def id(self) -> str:
        """The connection id, 32 hexadecimal digits: stable, local, and known to both ends."""
        return self._live.connection.cid.hex()

    @property
    def name(self) -> str:
        """A name that no other contact of the profile has, for people to type."""
        live = self._live
        return self.profile.name if live.kind in HIDDEN and self.profile else live.name

    @property
    def kind(self) -> str:
        return self._live.kind

    @property
    def state(self) -> str:
        """``invited``, ``requested``, ``pending``, ``established``, or ``failed`` for good."""
        return "failed" if self._live.failed else self._live.connection.phase.value

    @property
    def mode(self) -> str:
        """``provable``: every message and receipt is signed; ``private``: none is, for good."""
        return self._live.connection.state.handshake.mode.value

    @property
    def needs_code(self) -> bool:
        """Whether nothing can be sent until both have a new code, since a backup was restored."""
        lanes = [lane for lane in self._live.connection.lanes.values() if lane.started]
        return bool(lanes) and all(lane.state.stale for lane in lanes)

    @property
    def trust(self) -> int:
        """How sure it is who that is: 0 by an address, 1 introduced, 2 invited, 3 verified.

        An invitation is handed over outside of graphchat, scanned or pasted: 2 is as good as
        the way that it took.
        """
        return self._live.trust

    @property
    def introduced_by(self) -> tuple[str, ...]:
        """Who has introduced you, by the names that they had here; empty for who came else."""
        return self._live.connection.state.handshake.introducers

    def safety_words(self) -> tuple[str, ...]:
        """Return six words that are the same for both if nobody is in between.

        Compare them by voice or in person. Raises `StateError` until both sides have agreed.
        """
        words = self._live.connection.state.handshake.words
        if not words:
            raise StateError("There are no safety words yet: the other side has not answered.")
        return words

    async def rekey(self) -> RekeyCode:
        """Make a one-time code that gives this contact new keys: hand it over in person.

        The other side uses it as an invitation. It heals what a restored backup has broken, and
        makes trust 3 if it was the other side that showed a code before. Raises `StateError`
        before both can talk, `RelayError` if no relay of ours answers.
        """
        return RekeyCode(await rekeying.make(self._engine, self._id), self.rekeyed)

    async def rekeyed(self) -> None:
        """Return once no code for new keys of this contact waits any more."""
        await self._until(lambda live: live.connection.state.rekey.shake is None)

    async def off_the_record(self, *, patience: float = 120.0, idle: float = IDLE) -> OffTheRecord:
        """Talk without a trace: nothing is signed, and nothing is stored, on either side.

        It asks, or accepts what they ask, and returns once both are there. ``patience``: seconds
        to ask; ``idle``: seconds without a word until it ends. Raises `StateError` if they do not
        answer or do not want to, `RelayError` if no relay of ours answers.
        """
        return await asking.ask(self._engine, self._id, asking.Wish(patience, idle))

    async def accept_off_the_record(self, *, idle: float = IDLE) -> OffTheRecord:
        """Begin the chat for which they ask. Raises as `off_the_record`."""
        return await asking.accept(self._engine, self._id, asking.Wish(idle=idle))

    async def reject_off_the_record(self) -> None:
        """Tell them no. Raises `StateError` if they do not ask."""
        await asking.reject(self._engine, self._id)

    async def asked_off_the_record(self) -> None:
        """Return once they ask for a chat off the record."""
        await asking.asked(self._engine, self._id)

    @property
    def asks_off_the_record(self) -> bool:
        """Whether they wait for our answer to that now."""
        talks = self._engine.context.desk.talks.get(self._id)
        return talks is not None and talks.state.theirs is not None

    async def verify(self) -> None:
        """Note that both people have compared their `safety_words`: trust is 3 from now on.

        Raises `StateError` while there are no words.
        """
        self.safety_words()

        async def note(turn: Applier) -> None:
            live = await self._engine.live(self._id)
            turn.unit.on_failure(partial(setattr, live, "trust", live.trust))
            live.trust = VERIFIED
            turn.unit.write(rows.trust(live))
            await turn.context.devices.changed(turn, live)

        await self._engine.do(note)

    @property
    def post_quantum(self) -> bool:
        """Whether every lane has ML-KEM from the other side, against later quantum computers.

        False until something came by each of them.
        """
        lanes = [each for each in self._engine.context.devices.lanes(self._live) if each.started]
        return bool(lanes) and all(lane.post_quantum for lane in lanes)

    @property
    def code_until(self) -> int:
        """Until when the code that began it is good, in seconds since 1970; 0: not said."""
        return self._live.connection.state.handshake.code.until

    @property
    def request_text(self) -> str:
        """What was said with the request that began it."""
        return self._live.connection.state.handshake.text

    @property
    def profile(self) -> ProfileCard | None:
        """What the contact says of itself; None until it has answered."""
        return self._live.connection.state.handshake.peer_profile

    async def commands(self) -> tuple[BotCommand, ...]:
        """Return what the contact has announced last that it understands; people announce nothing.

        Say one as ``/name``. It stays over restarts; this device of yours was told, and no other.
        """
        return await self._read(partial(commands.commands, self._id))

    @property
    def policy(self) -> str:
        """``all``: messages leave by every lane; ``hedge``: by one, by others if it takes long."""
        return "hedge" if policy.hedges(self._engine.context, self._live) else "all"

    async def set_policy(self, name: str) -> None:
        """Choose it for this contact: ``all``, ``hedge``, or ``auto``.

        ``auto`` hedges from three lanes on. Empty: as the client does. Raises `ContentError`.
        """
        if name:
            policy.named(name)

        async def choose(turn: Applier) -> None:
            live = await self._engine.live(self._id)
            turn.unit.touch(live)
            live.connection.state.policy = name

        await self._engine.do(choose)

    @property
    def relays(self) -> tuple[str, ...]:
        """Where the contact receives: one create URI for each lane."""
        lanes = self._engine.context.devices.lanes(self._live)
        peers = (lane.state.peer for lane in lanes)
        return tuple(peer.base for peer in peers if peer is not None)

    async def asked(self) -> None:
        """Return once a relay has what we say to begin: the other side can answer any time.

        Raises `StateError` if the code does not work any more.
        """
        await self._until(lambda live: live.asked or live.established)

    async def established(self) -> None:
        """Return once both sides can talk. Raises `StateError` if that cannot happen."""
        await self._until(lambda live: live.established)

    async def rename(self, name: str) -> None:
        """Call the contact something else here; a number follows if somebody is called alike.

        Raises `ContentError` for a name that cannot be shown.
        """
        rules.name("name", name, MAX_NAME)

        async def choose(turn: Applier) -> None:
            live = await self._engine.live(self._id)
            turn.context.take_name(turn.unit, live, name)
            live.named = live.renamed = True
            turn.unit.touch(live)
            turn.unit.write(rows.renamed(live.id))
            await turn.context.devices.changed(turn, live)

        await self._engine.do(choose)

    async def export_proof(  # noqa: PLR0913 - each narrows what is shown
        self,
        *,
        messages: Collection[MessageId] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        attachments: bool = True,
        profiles: bool = True,
        progress: proof.Progress | None = None,
    ) -> Proof:
        """Make a file that proves what was said and received; see `client.proof.Choice`.

        The whole conversation, or messages by their ids, or by the times of their authors.
        Raises `StateError` if nothing can be proved with this contact, `NotFoundError` for an
        id that is not there, `ContentError` if the file would be too large.
        """
        choice = proof.Choice(messages, since, until, attachments, profiles)
        live = await self._engine.live(self._id)
        return await proof.export(self._engine.context, live, choice, progress)

    async def remove(self) -> None:
        """Delete the contact, the conversation, and its queues at the relays."""
        await self._engine.do(self._remove)

    async def withdraw(self) -> None:
        """Delete an invitation. Raises `StateError` if somebody has used it."""

        async def forget(turn: Applier) -> None:
            live = await self._engine.live(self._id)
            if live.connection.phase is not Phase.INVITED:
                raise StateError("This invitation was used. Remove the contact instead.")
            await self._remove(turn)

        await self._engine.do(forget)

    async def _remove(self, turn: Applier) -> None:
        live = await self._engine.live(self._id)
        await turn.context.devices.removing(turn, live)
        accept.remove(turn, live)

    def __repr__(self) -> str:
        return f"<Contact {self.name!r}, {self.state}>"

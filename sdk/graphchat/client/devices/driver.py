"""What the rest of the client has done for devices: one method for each thing that happens."""

from functools import partial

from graphchat.client.amendments import Said
from graphchat.client.apply import Applier
from graphchat.client.devices import branching, lines, removal, rows, sync, telling
from graphchat.client.devices.linking import ENDED
from graphchat.client.devices.registry import Registry
from graphchat.client.live import LINKED, Live
from graphchat.client.unit import Step
from graphchat.content import Message
from graphchat.core.frame import Frame
from graphchat.errors import StateError


class Devices(Registry):
    """The devices of a client, and what they do when something happens."""

    def check(self, profile: int) -> None:
        """Raise `StateError` if this device may not speak for the profile any more."""
        here = self.here(profile)
        if here is not None and here.state == "ended":
            raise StateError(ENDED)

    async def opened(self, turn: Applier, live: Live) -> None:
        """Use a connection of which both sides know all keys."""
        if live.kind == LINKED:
            await branching.opened(self, turn, live)

    async def met(self, turn: Applier, live: Live) -> None:
        """Tell our other devices of a new contact."""
        await telling.contact_changed(turn, live)

    async def changed(self, turn: Applier, live: Live) -> None:
        """Tell our other devices what is known of a contact now."""
        await telling.contact_changed(turn, live)

    async def failed(self, turn: Applier, live: Live) -> None:
        """Give up what a code for a device of a contact was for."""
        if live.kind == LINKED:
            await branching.failed(self, turn, live)

    async def covered(self, turn: Applier, live: Live) -> None:
        """Go on with a device of ours that has what was said to it."""
        device = self.at(live.id)
        if device is not None:
            turn.unit.after(partial(self.pump, device.id))
            await removal.settled(self, turn, live)

    async def heard(self, turn: Applier, live: Live, frame: Frame, sent_at: float) -> None:
        """Tell our other devices what a contact has said."""
        await lines.mirror(turn, live, frame.id, frame.payload, outgoing=False, sent_at=sent_at)

    async def said(self, turn: Applier, live: Live, message_id: bytes, payload: bytes) -> None:
        """Tell our other devices what we have said."""
        now = turn.context.clock.now()
        await lines.mirror(turn, live, message_id, payload, outgoing=True, sent_at=now)

    def amend(self, said: Said) -> Step:
        """Return what takes a change of a line, unless another device told of it before."""
        return partial(lines.amend, said)

    async def was_read(self, turn: Applier, live: Live, message_id: bytes) -> None:
        """Tell our other devices what a person has seen."""
        await lines.was_read(turn, live, message_id)

    async def profile_changed(self, turn: Applier, profile: int) -> None:
        """Tell our other devices what contacts see now."""
        await sync.tell_profile(turn, profile)

    async def say_by(self, turn: Applier, live: Live, message: Message) -> None:
        """Say something by one connection alone."""
        await self.say(turn, live, message)

    async def removing(self, turn: Applier, live: Live) -> None:
        """Take leave of a contact that a person removes."""
        await telling.contact_gone(turn, live)
        await branching.remove_all(self, turn, live)

    async def forget(self, profile: int, turn: Applier) -> None:
        """Forget the devices of a profile that is removed."""
        for device in self.of(profile):
            self.index.own.pop(device.id, None)
            turn.unit.on_failure(partial(self.index.own.__setitem__, device.id, device))
            turn.unit.write(rows.drop_own(device.id))

"""A group or a broadcast, as the application sees it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from PIL import Image as Pillow

from graphchat.client.amendments import counts
from graphchat.client.apply import Applier
from graphchat.client.contact import Contact
from graphchat.client.conversation import MAX_PAGE
from graphchat.client.engine import Engine
from graphchat.client.files.fetching import Fetching, Watch, quiet
from graphchat.client.files.receipt import FileReceipt
from graphchat.client.files.records import LocalFile, Where
from graphchat.client.groups import amending, entries, hosting, posts, rows, views
from graphchat.client.groups.live import LiveGroup
from graphchat.client.groups.progress import PostProgress
from graphchat.client.groups.registry import Groups
from graphchat.client.groups.request import JoinRequest
from graphchat.client.groups.views import GroupLine, GroupMember
from graphchat.client.receipt import Receipt
from graphchat.client.search import Scope, Search
from graphchat.client.talking import SEND_TIMEOUT, Sendable, as_message
from graphchat.codes import GroupCode, qr
from graphchat.content import Delete, Edit, File, GroupInvite, Message, Reaction, Vote
from graphchat.core.frame import MESSAGE_ID_SIZE
from graphchat.core.groups import actions as do
from graphchat.core.groups.actions import Change, Role, Settings
from graphchat.core.groups.post import SignedPost
from graphchat.crypto.keys import SigningKey
from graphchat.errors import ContentError, NotFoundError, StateError
from graphchat.ids import MessageId
from graphchat.secret import Secret
from graphchat.store.words import Query

T = TypeVar("T", Edit, Reaction, Vote)

KEY: Final = 32
# Seconds between looks whether everything has left.
LOOK: Final = 0.1


class Group:
    """A group that a profile is in, was in, or asks to be let into.

    A handle: two of one group are equal, and both follow what happens. What changes something
    raises `StateError` if the own role does not allow it, or nobody has let us in yet.
    """

    def __init__(self, engine: Engine, group: LiveGroup) -> None:
        self._engine: Final = engine
        self._groups: Final[Groups] = engine.context.groups
        self.row_id: Final = group.id
        self._last = group

    @property
    def _live(self) -> LiveGroup:
        self._last = self._groups.loaded.get(self.row_id, self._last)
        return self._last

    @property
    def id(self) -> str:
        """32 hexadecimal digits, the same for all members."""
        return self._live.gid.hex()

    @property
    def name(self) -> str:
        return self._live.name

    @property
    def status(self) -> str:
        """``asked``, ``member``, ``left``, ``removed`` or ``refused``."""
        return self._live.status

    @property
    def role(self) -> str | None:
        """``owner``, ``admin``, ``moderator``, ``member``, ``observer``; None while outside."""
        role = self._live.role
        return None if role is None else role.name.lower()

    @property
    def broadcast(self) -> bool:
        return self._live.record.broadcast

    @property
    def settings(self) -> Settings:
        """How the group is. Raises `StateError` until the log is here."""
        return self._begun().state.settings

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of those who forward."""
        group = self._begun()
        return tuple(group.name_of(key) for key in group.state.forwarders)

    @property
    def is_host(self) -> bool:
        return self._live.is_host

    def members(self) -> list[GroupMember]:
        """Return who is in, by name. In a broadcast, subscribers are not among them."""
        return views.members(self._begun(), self._engine.context.clock.now())

    def member(self, name: str | bytes) -> GroupMember:
        """Return the member with this name, with this key, or whose key begins so.

        Raises `NotFoundError`.
        """
        if isinstance(name, bytes):
            return views.member(self._begun(), name, self._engine.context.clock.now())
        return views.choose(self.members(), name)

    # Talking

    async def post(self, message: Sendable, *, id: MessageId | None = None) -> Receipt:  # noqa: A002
        """Store a post and leave: it goes to the hosts as soon as a relay can be reached.

        With an ``id`` that was used here before, nothing is posted twice. Raises `ContentError`,
        `StateError`.
        """
        said = await as_message(message)
        if isinstance(said, Delete):
            raise ContentError("A post is deleted by the log of the group: see Group.delete.")
        message_id = id or MessageId(self._engine.context.clock.random(MESSAGE_ID_SIZE))
        if len(message_id) != MESSAGE_ID_SIZE:
            raise ContentError(f"The id of a message has {MESSAGE_ID_SIZE} bytes.")
        if isinstance(said, LocalFile):
            return await self._send_file(said, message_id)
        return await self._engine.do(partial(self._post, said, message_id))

    async def send(
        self,
        message: Sendable,
        *,
        id: MessageId | None = None,  # noqa: A002
        timeout: float = SEND_TIMEOUT,  # noqa: ASYNC109
    ) -> Receipt:
        """Post, and wait until a relay has it for a host or a member. See `post`.

        On a host, what nobody else is there to hear counts as sent.
        """
        receipt = await self.post(message, id=id)
        await receipt.sent_within(timeout)
        return receipt

    async def history(
        self, *, query: str = "", before: int | None = None, limit: int = 50
    ) -> Sequence[GroupLine]:
        """Return the newest ``limit`` posts, oldest first; see `Contact.history`.

        What was said about them (edits, reactions, votes) is merged into them.
        """
        most = min(max(limit, 0), MAX_PAGE)
        database = self._engine.context.database
        read = partial(rows.history, self.row_id, before, most)
        if query:
            search = Search(database, Scope(group=self.row_id), Query.of(query))
            read = partial(rows.posts_at, self.row_id, await search.positions(before, most))
        found = await database.read(read)
        ids = [row[3] for row in found]
        said = await database.read(partial(amending.about, self.row_id, ids))
        group = await self._groups.get(self.row_id)
        lines = [views.line(group, row, said.get(row[3], ())) for row in reversed(found)]
        gone = group.state.settings.disappear if group.log.begun else 0
        if not gone:
            return lines
        # They are wiped soon; who looks in between does not see them any more.
        since = datetime.fromtimestamp(self._engine.context.clock.now() - gone, UTC)
        shown = [views.gone(line) if line.sent_at < since else line for line in lines]
        return [line for line in shown if line.message is not None or not query]

    async def find(self, author_key: bytes, number: int) -> MessageId:
        """Return the id of a post, which `edit`, `react` and `vote` want.

        Raises `NotFoundError`.
        """
        read = partial(rows.own_said, self.row_id, author_key, number)
        found = await self._engine.context.database.read(read)
        if found is None:
            raise NotFoundError("There is no such post here, or it was deleted.")
        return MessageId(found)

    async def number(self, author_key: bytes, post: MessageId) -> int:
        """Return the number of a post, which `delete` wants. Raises `NotFoundError`."""
        read = partial(rows.by_id, self.row_id, post)
        for author, data in await self._engine.context.database.read(read):
            if author == author_key:
                return SignedPost.unpack(data).post.seq
        raise NotFoundError("There is no such post here, or it was deleted.")

    async def is_mine(self, post: MessageId) -> bool:
        """Say whether a post is ours."""
        read = partial(rows.own_post, self.row_id, post)
        return await self._engine.context.database.read(read) is not None

    async def edit(self, post: MessageId, text: str) -> Receipt:
        """Let a text or a caption of ours say something else. Raises `StateError`."""
        return await self.send(await self._about(post, Edit(post, text), mine=True))

    async def react(self, post: MessageId, emoji: str) -> Receipt:
        """Answer a post by one emoji, instead of an earlier one; empty takes it back."""
        return await self.send(await self._about(post, Reaction(post, emoji)))

    async def vote(self, post: MessageId, *options: int) -> Receipt:
        """Vote in a poll by the numbers of options, from 0; none takes the vote back."""
        return await self.send(await self._about(post, Vote(post, tuple(sorted(options)))))

    async def _about(self, post: MessageId, message: T, *, mine: bool = False) -> T:
        """Return ``message`` if it can be said about a post. Raises `NotFoundError` and others."""
        found = await self._engine.context.database.read(partial(rows.by_id, self.row_id, post))
        if not found:
            raise NotFoundError("There is no such post here, or it was deleted.")
        authors = [author for author, _ in found]
        if mine and self._live.me not in authors:
            raise StateError("Only its author can edit a post.")
        now = self._engine.context.clock.now()
        if isinstance(message, Vote):
            said = [posts.message_of(SignedPost.unpack(data).post.payload) for _, data in found]
            if not any(counts(each, message.options, now) for each in said):
                raise StateError("This is no poll, or one that does not take this vote now.")
        return message

    # Coming and going

    async def entered(self) -> None:
        """Return once we are in. Raises `StateError` if we are not let in."""
        pulse = self._engine.context.news[self._live.profile]
        while self.status == "asked":
            await pulse.wait()
        if self.status != "member":
            raise StateError(f"You were not let into {self.name}.")

    def link(self) -> str:
        """Return a link by which anybody may come, or ask to. Raises `StateError`."""
        return self._code().text

    def qr(self) -> Pillow.Image:
        """Return the QR code of the link, black on white."""
        return qr.write(self._code(hosts=1).text)

    def qr_text(self, width: int = 80) -> str:
        """Return the QR code for a terminal of ``width`` columns. Raises `CodeError`."""
        return qr.terminal(self._code(hosts=1).text, width)

    async def invite(self, contact: Contact) -> None:
        """Invite a contact: they come in without anybody's approval, once."""

        async def send(turn: Applier) -> None:
            group = await self._groups.get(self.row_id)
            secret = Secret(self._engine.context.clock.random(KEY))
            action = do.Invite(SigningKey(secret).public)
            await entries.write(self._groups, turn, group, action)
            link = views.code(group, views.IN_LINKS, secret).text
            invite = GroupInvite(group.gid, link, group.name, group.record.broadcast)
            live = await self._engine.live(contact.row_id)
            await turn.say_control(live, invite)

        if contact.state != "established":
            raise StateError("Invite a contact once you are connected.")
        await self._engine.do(send)

    async def requests(self) -> list[JoinRequest]:
        """Return who waits to be let in, oldest first."""
        read = partial(rows.requests, self.row_id)
        found = await self._engine.context.database.read(read)
        return [
            JoinRequest(self._engine, self.row_id, ticket, signature)
            for _, ticket, signature, _ in found
        ]

    async def leave(self) -> None:
        """Go. The history stays, until `forget`."""

        async def go(turn: Applier) -> None:
            group = await self._groups.get(self.row_id)
            await hosting.leave(self._groups, turn, group)

        await self._engine.do(go)

    async def forget(self) -> None:
        """Leave, and delete everything about the group here."""
        if self.status in {"asked", "member"}:
            await self.leave()
        await self._engine.do(partial(hosting.forget, self._groups, self.row_id))

    # Moderation

    async def set_role(self, member: GroupMember, role: str) -> None:
        """Give a member another role: ``owner``, ``admin``, ``moderator``, ``member``, ..."""
        if role.upper() not in Role.__members__:
            raise ContentError(f"A role is one of: {', '.join(Role.__members__).lower()}.")
        await self._write(do.SetRole(member.key, Role[role.upper()]))

    async def remove(self, member: GroupMember) -> None:
        """Take a member out. They may be invited again."""
        await self._write(do.Remove(member.key))

    async def ban(self, member: GroupMember) -> None:
        """Take a member out for good.

        Whoever made a new key could ask again by the link: approval is a setting.
        """
        await self._write(do.Remove(member.key, ban=True))

    async def mute(self, member: GroupMember, until: datetime | None) -> None:
        """Let nobody hear a member until then; None ends it."""
        until_ms = 0 if until is None else int(until.timestamp() * 1000)
        await self._write(do.Mute(member.key, max(until_ms, 0)))

    async def delete(self, author_key: bytes, number: int) -> None:
        """Take a post away from everybody; `GroupLine` and the event have both."""
        await self._write(do.Delete(author_key, number))

    async def change(self, change: Change) -> None:
        """Change settings."""
        await self._write(do.SetSettings(change))

    async def host(self, *, on: bool = True) -> None:
        """Forward for the group with this device, or not any more.

        Raises `RelayError` if no relay makes the queues of the address.
        """
        if on:
            made = await hosting.lanes(self._groups, self._live.profile)
            await self._engine.do(partial(hosting.begin, self._groups, self.row_id, made))
            return

        async def stop(turn: Applier) -> None:
            group = await self._groups.get(self.row_id)
            await entries.write(self._groups, turn, group, do.Host(""))
            await hosting.end(self._groups, turn, group)

        await self._engine.do(stop)

    async def told(self) -> None:
        """Return once relays have what there is to say to hosts and members.

        Nobody needs to wait for it: what remains leaves when the client is open again.
        """
        while not hosting.all_told(self._groups, self._live):
            # Relays answer, and time passes: a look now and then sees both.
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._engine.answers.wait()

    # Helpers

    async def _write(self, action: do.Action) -> None:
        async def work(turn: Applier) -> None:
            group = await self._groups.get(self.row_id)
            await entries.write(self._groups, turn, group, action)

        self._begun()
        await self._engine.do(work)

    async def _send_file(self, file: LocalFile, message_id: MessageId) -> Receipt:
        """Begin to send a file to all members, unless it is posted under this id."""
        read = partial(rows.own_post, self.row_id, message_id)
        now = datetime.fromtimestamp(self._engine.context.clock.now(), UTC)
        if await self._engine.context.database.read(read) is not None:
            return Receipt(PostProgress(message_id, "sent"), now)
        where = Where(0, self.row_id, message_id)
        return FileReceipt(self._engine, await self._engine.uploads.send(where, file), now)

    async def fetch(self, file: File, id: MessageId, target: Path, watch: Watch = quiet) -> Path:  # noqa: A002
        """Get a file that was posted; see `Contact.fetch`. It stays for the other members."""
        where = Where(0, self.row_id, id)
        return await Fetching(self._engine, where, self._live.profile, file).run(target, watch)

    async def _post(self, message: Message, message_id: MessageId, turn: Applier) -> Receipt:
        group, now = await self._groups.get(self.row_id), self._engine.context.clock.now()
        read = partial(rows.own_post, group.id, message_id)
        known = await self._engine.context.database.read(read)
        if known is None:
            posts.write(self._groups, turn, group, message, message_id)
        alone = group.is_host and not any(group.open("member", "host", "mesh"))
        fresh = PostProgress(message_id, "sent" if alone or known is not None else "queued")
        progress = self._groups.progresses.setdefault((group.id, message_id), fresh)
        return Receipt(progress, datetime.fromtimestamp(now, UTC))

    def _begun(self) -> LiveGroup:
        group = self._live
        if not group.log.begun:
            raise StateError("Nothing is known of this group before somebody lets you in.")
        return group

    def _code(self, hosts: int = views.IN_LINKS) -> GroupCode:
        return views.code(self._begun(), hosts, None)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Group)
            and other._engine is self._engine
            and other.row_id == self.row_id
        )

    def __hash__(self) -> int:
        return hash((Group, self.row_id))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}, {self.status}>"


class Broadcast(Group):
    """A group in which only owners post, and whose readers do not know of each other."""

    @property
    def subscribers(self) -> int:
        """How many read it by this device, which forwards."""
        group = self._live
        return sum(peer.key not in group.state.members for peer in group.open("member"))


def handle(engine: Engine, group: LiveGroup) -> Group:
    """Return what the application gets for a group."""
    return (Broadcast if group.record.broadcast else Group)(engine, group)

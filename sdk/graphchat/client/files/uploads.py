"""All files that are on their way out: begun, taken up again after a restart, given up."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from graphchat.client import saying
from graphchat.client.apply import Applier
from graphchat.client.context import Context
from graphchat.client.files import disk, removing, rows
from graphchat.client.files.filling import Filling
from graphchat.client.files.records import COPIES, STRIP, LocalFile, Stored, UploadState, Where
from graphchat.client.groups import posts
from graphchat.client.groups.progress import PostProgress
from graphchat.client.live import FIRST_RETRY, LAST_RETRY, Progress
from graphchat.client.stored import FileFailedRecord
from graphchat.content import File, FileHost, FilePlace
from graphchat.content.files import check_mime, check_name
from graphchat.content.rules import prose, reply
from graphchat.content.spoken import MAX_CAPTION
from graphchat.errors import GraphchatError, NotFoundError, RelayError, StateError
from graphchat.ids import MessageId
from graphchat.secret import Secret

if TYPE_CHECKING:
    from graphchat.client.engine import Engine

KEY: Final = 32
CANCELLED: Final = "Sending this file was cancelled."

log = logging.getLogger("graphchat.client")


class Upload:
    """A file on its way out."""

    def __init__(self, filling: Filling, progress: Progress) -> None:
        self.filling: Final = filling
        self.progress: Final = progress
        """What watches the message; held here, so that it is there when the message is said."""
        self.failed = ""
        """Why it is not sent, in words for people."""

    @property
    def where(self) -> Where:
        return self.filling.stored.where


class Uploads:
    """Sends files, each by a task of its own."""

    def __init__(self, engine: "Engine") -> None:
        self._engine: Final = engine
        self._context: Final = engine.context
        self._tasks: dict[tuple[int, int, bytes], asyncio.Task[None]] = {}
        self._running: dict[tuple[int, int, bytes], Upload] = {}
        self._retry = asyncio.Event()

    # Life

    async def start(self) -> None:
        """Go on with what was begun before."""
        for stored in await self._context.database.read(rows.uploads):
            with suppress(NotFoundError):
                await self._begin(stored)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for upload in self._running.values():
            upload.filling.pulse.end()

    def retry_now(self) -> None:
        """Try again at once: a relay answers."""
        self._retry.set()
        self._retry = asyncio.Event()

    # Sending

    def all(self) -> Sequence[Upload]:
        """Return what is on its way, oldest first."""
        return list(self._running.values())

    def get(self, where: Where) -> Upload | None:
        return self._running.get(where.key)

    async def send(self, where: Where, file: LocalFile) -> Upload:
        """Look through a file, store that it is to be sent, and begin.

        Raises `ContentError` for what cannot be sent, `StateError` without a relay.
        """
        if (known := self.get(where)) is not None:
            return known
        if not self._context.relays:
            raise StateError("There is no relay to send by. Add one: graphchat servers add URI")
        name = file.name or disk.safe_name(file.path.name)
        check_name(name)
        check_mime(file.mime)
        prose("description", file.description, MAX_CAPTION)
        reply(file.reply_to, file.quote)
        found = await asyncio.to_thread(disk.look, file.path, self._context.max_file)
        state = UploadState(
            name,
            found.size,
            Secret(self._context.clock.random(KEY)),
            found.sha256,
            found.digests,
            file.mime or found.mime,
            file.description,
            found.thumbnail,
            STRIP,
            COPIES,
            file.reply_to,
            file.quote,
        )
        now = self._context.clock.now()
        insert = partial(rows.insert, where, file.path.absolute(), state, now)
        return await self._begin(await self._context.database.write(insert))

    async def cancel(self, where: Where) -> bool:
        """Stop sending a file, and delete what relays have of it. False: it is not on its way."""
        upload = self._running.get(where.key)
        if upload is None:
            return False
        task = self._tasks[where.key]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if where.key not in self._running:  # it came to its end just then
            return False

        async def drop(turn: Applier) -> None:
            self._take_back(turn, upload)

        await self._engine.do(drop)
        self._over(upload, CANCELLED)
        return True

    def forget(self, turn: Applier, connection: int) -> None:
        """Send nothing more to a contact that is removed."""
        turn.unit.write(*rows.drop_downloads(connection))
        for key, upload in self._running.items():
            if upload.where.connection == connection:
                self._take_back(turn, upload)
                turn.unit.after(partial(_stop, self._tasks[key]))
                turn.unit.after(partial(self._over, upload, "This contact was removed."))

    async def _begin(self, stored: Stored) -> Upload:
        profile = await self._profile(stored.where)
        filling = Filling(self._engine, stored, profile)
        progress = self._progress(stored.where)
        upload = Upload(filling, progress)
        self._running[stored.where.key] = upload
        self._tasks[stored.where.key] = asyncio.create_task(
            self._run(upload), name=f"graphchat upload {stored.id}"
        )
        return upload

    async def _profile(self, where: Where) -> int:
        if where.group:
            return (await self._context.groups.get(where.group)).profile
        return (await self._engine.live(where.connection)).profile

    def _progress(self, where: Where) -> Progress:
        if where.group:
            progress = PostProgress(where.message_id, "queued")
            key = (where.group, where.message_id)
            return self._context.groups.progresses.setdefault(key, progress)
        fresh = Progress(where.message_id, 0, "queued")
        return self._context.watch(where.connection, fresh)

    # The task

    async def _run(self, upload: Upload) -> None:
        delay = FIRST_RETRY
        while True:
            try:
                await upload.filling.run()
                await self._engine.do(partial(self._say, upload))
            except RelayError:
                with suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await self._retry.wait()
                delay = min(delay * 2, LAST_RETRY)
            except GraphchatError as error:
                await self._fail(upload, str(error))
                return
            except Exception as error:  # noqa: BLE001 - a fault ends this file, and is told
                log.error("a file could not be sent: %s", type(error).__name__)  # noqa: TRY400 - a trace may quote content
                await self._fail(upload, "The file could not be sent. Please report it.")
                return
            else:
                self._over(upload, "")
                return

    async def _say(self, upload: Upload, turn: Applier) -> None:
        """Say the message that names all queues, and forget the file, in one commit."""
        filling, where = upload.filling, upload.where
        message_id = MessageId(where.message_id)
        file = message_of(filling, keep=_has_many(self._context, where, filling.profile))
        if where.group:
            groups = self._context.groups
            group = await groups.get(where.group)
            posts.write(groups, turn, group, file, message_id)
        else:
            live = await self._engine.live(where.connection)
            await saying.say(turn, live, file, message_id)
        removing.remove(turn, filling.profile, filling.parts())
        turn.unit.write(*rows.drop_upload(filling.stored.id))

    async def _fail(self, upload: Upload, reason: str) -> None:
        where, state = upload.where, upload.filling.stored.state

        async def forget(turn: Applier) -> None:
            self._take_back(turn, upload)
            if where.connection:
                event = FileFailedRecord(where.connection, where.message_id, state.name, reason)
                self._context.tell(turn.unit, upload.filling.profile, event)

        await self._engine.do(forget)
        self._over(upload, reason)

    def _take_back(self, turn: Applier, upload: Upload) -> None:
        """Delete what relays have of a file, and forget it."""
        filling = upload.filling
        places = [place.state for place in filling.stored.places.values()]
        removing.remove(turn, filling.profile, places)
        turn.unit.write(*rows.drop_upload(filling.stored.id))

    def _over(self, upload: Upload, why: str) -> None:
        self._running.pop(upload.where.key, None)
        self._tasks.pop(upload.where.key, None)
        upload.failed = why
        if why:
            upload.progress.pulse.end(why)
            upload.filling.pulse.end(why)
        else:
            upload.filling.pulse.beat()


def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()


def _has_many(context: Context, where: Where, profile: int) -> bool:
    """Tell whether several devices read the chunks: in a group, of one contact, or our own."""
    devices = context.devices
    return bool(where.group or devices.linked(profile) or devices.branches(where.connection))


def message_of(filling: Filling, *, keep: bool) -> File:
    """Return the message that says where all of a file is."""
    state = filling.stored.state
    hosts: dict[tuple[bytes, str], int] = {}
    strips: list[list[FilePlace]] = [[] for _ in range(filling.layout.strips)]
    for (strip, number), place in sorted(filling.stored.places.items()):
        if filling.is_full(strip, number):
            key = (place.state.relay, place.state.base)
            strips[strip].append(place.state.place(hosts.setdefault(key, len(hosts))))
    return File(
        state.name,
        state.size,
        state.key.reveal(),
        state.sha256,
        tuple(FileHost(*key) for key in hosts),
        tuple(map(tuple, strips)),
        state.strip,
        keep,
        state.mime,
        state.description,
        state.thumbnail,
        state.reply_to,
        state.quote,
    )

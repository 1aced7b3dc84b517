import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from graphchat.content import File
from graphchat.errors import ContentError, StateError
from graphchat_bots import Bot, Ctx, Message, Reply, UserError
from graphchat_bots.limits import Limits
from graphchat_bots.testing.world import Level


def paths(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def bot(folder: Path, limits: Limits | None = None) -> Bot:
    made = Bot("files", limits=limits)

    @made.command()
    async def report(size: int) -> Reply:
        """Send a file."""
        return Reply("as you wished", file=b"x" * size, name="report.txt")

    @made.command()
    async def path() -> Reply:
        """Send a file that is on the disk."""
        return Reply(file=folder / "there.bin")

    @made.message(lambda msg: msg.file is not None)
    async def keep(msg: Message) -> str:
        assert msg.file is not None
        found = await msg.download(folder)
        return f"{msg.file.name}, {msg.file.size} bytes, {msg.file.mime}: {found.name}"

    return made


async def test_a_bot_sends_files_from_memory_and_from_the_disk(
    tmp_path: Path, bot_level: Level
) -> None:
    (tmp_path / "there.bin").write_bytes(b"y" * 900_000)
    async with bot(tmp_path).testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        [heard] = await ann.says("/report 3")
        assert isinstance(heard, File)
        assert (heard.name, heard.size, heard.description) == ("report.txt", 3, "as you wished")
        assert await ann.opens(heard) == b"xxx"
        [heard] = await ann.says("/path")
        assert isinstance(heard, File)
        assert await ann.opens(heard) == b"y" * 900_000
    assert not [path for path in paths(tmp_path) if path.startswith("bot-files/out")]


async def test_a_file_that_somebody_sends_is_downloaded_under_a_free_name(
    tmp_path: Path, bot_level: Level
) -> None:
    (tmp_path / "in").mkdir()
    note = tmp_path / "note.txt"
    async with bot(tmp_path / "in").testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        for text, name in (("one", "note.txt"), ("two", "note (2).txt")):
            note.write_text(text)
            assert await ann.says(note) == [f"note.txt, 3 bytes, text/plain: {name}"]
            assert await ann.repeats() == []
            assert (tmp_path / "in" / name).read_text() == text
    assert paths(tmp_path / "in") == ["note (2).txt", "note.txt"]
    assert not [path for path in paths(tmp_path) if path.startswith("bot-files")]


async def test_a_handler_that_is_run_again_gets_the_file_again(
    tmp_path: Path, bot_level: Level
) -> None:
    made, seen, stuck = Bot("stubborn"), list[bytes](), asyncio.Event()

    @made.message(lambda msg: msg.file is not None)
    async def look(msg: Message) -> str:
        with TemporaryDirectory() as folder:
            path = await msg.download(Path(folder))
            seen.append(await asyncio.to_thread(path.read_bytes))
        if len(seen) == 1:
            raise ValueError
        if len(seen) == 2:
            stuck.set()
            await asyncio.Event().wait()
        return "seen"

    note = tmp_path / "note.txt"
    note.write_bytes(b"one")
    async with made.testing(tmp_path, bot_level) as world:
        ann = world.person("Ann")
        await ann.joins()
        with world.expecting(ValueError):
            await ann.sends(note)
            await stuck.wait()
            await world.crash()
            assert await ann.hears() == ["seen"]
    assert seen == [b"one"] * 3


async def test_a_file_that_is_too_large_is_refused_in_words(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_bytes(bytes(3 * 2**20 + 1))
    async with bot(tmp_path, Limits(max_file=3 * 2**20)).testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says(note) == ["This file is too large for me: at most 3 MiB."]


async def test_a_file_that_is_gone_before_it_leaves_is_a_dead_letter(
    tmp_path: Path, bot_level: Level
) -> None:
    made, there = Bot("hasty"), tmp_path / "there.bin"

    @made.message()
    async def answer(ctx: Ctx) -> str:
        await asyncio.to_thread(there.write_bytes, b"x")
        await ctx.send(Reply(file=there))
        await asyncio.to_thread(there.unlink)
        return "that was it"

    async with made.testing(tmp_path, bot_level) as world:
        assert await world.person("Ann").says("a") == ["that was it"]
        [letter] = await world.dead_letters()
        assert (letter.kind, letter.error) == ("outgoing", "ContentError")


async def test_what_is_no_file_cannot_be_downloaded(tmp_path: Path) -> None:
    made = Bot("curious")

    @made.message()
    async def get(msg: Message) -> str:
        try:
            await msg.download(tmp_path)
        except StateError as error:
            raise UserError(str(error)) from None
        return "never"

    async with made.testing(tmp_path) as world:
        assert await world.person("Ann").says("a") == ["There is no file in this message."]


@pytest.mark.parametrize("name", ["", "../x", "a/b"])
async def test_bytes_need_a_name_that_a_file_can_have(tmp_path: Path, name: str) -> None:
    made = Bot("nameless")

    @made.message()
    async def answer(msg: Message) -> Reply:
        return Reply(file=b"x", name=name)

    async with made.testing(tmp_path) as world:
        with world.expecting(ContentError):
            assert len(await world.person("Ann").says("a")) == 1

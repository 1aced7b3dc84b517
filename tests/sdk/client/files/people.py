"""Two people with two relays, and files that go between them."""

from pathlib import Path
from random import Random

from tests.sdk.client.people import Home, one

from graphchat import Contact, File, FileReceipt, MessageReceived
from graphchat.client.talking import Sendable


def written(folder: Path, size: int, name: str = "plan.bin") -> Path:
    path = folder / name
    path.write_bytes(Random(size).randbytes(size))
    return path


async def begun(friend: Contact, file: Sendable) -> FileReceipt:
    receipt = await friend.post(file)
    assert isinstance(receipt, FileReceipt)
    return receipt


async def received(home: Home) -> tuple[Contact, MessageReceived, File]:
    event = await one(home.me, MessageReceived)
    assert isinstance(event.message, File)
    return event.contact, event, event.message

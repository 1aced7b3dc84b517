"""A program that says 0, 1, 2 ... to its only contact: run by `test_client_kill`, and killed.

It begins again from 0 each time; ids that follow from the numbers make that harmless.
"""

import asyncio
import sys
from hashlib import sha256
from pathlib import Path

from graphchat import Client
from graphchat.ids import MessageId


async def main(home: Path, count: int) -> None:
    async with Client(home / "client.db") as client:
        [contact] = await (await client.profile()).contacts()
        receipts = [
            await contact.post(str(number), id=MessageId(sha256(b"%d" % number).digest()[:16]))
            for number in range(count)
        ]
        await receipts[-1].sent()
        sys.stdout.write("said all\n")


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))

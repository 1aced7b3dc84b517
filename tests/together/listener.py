"""A program that writes down what it is told: run by `test_client_kill`, killed at any moment.

Each line of the record is one event: its id and the text. The line is on disk before the
event is acknowledged, so a kill in between repeats the line with the same id, and nothing else.
"""

import asyncio
import os
import sys
from pathlib import Path

from graphchat import Client, MessageReceived, Text


async def main(home: Path, record: Path) -> None:
    async with Client(home / "client.db") as client:
        profile = await client.profile()
        with record.open("a") as file:
            async for event in profile.events():
                if isinstance(event, MessageReceived) and isinstance(event.message, Text):
                    file.write(f"{event.id} {event.message.text}\n")
                    file.flush()
                    os.fsync(file.fileno())


asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))

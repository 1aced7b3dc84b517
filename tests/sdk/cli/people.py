"""People who type commands; everything runs in this process."""

import asyncio
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keyring.core
import pytest
from keyring.backends import null
from tests.together import processes
from tests.together.processes import SECRETS, Done

from graphchat import Client, Contact, Profile
from graphchat.cli.app import run


@dataclass(frozen=True, slots=True)
class Person:
    """A home, and the commands that its owner types."""

    home: Path
    capture: pytest.CaptureFixture[str]

    @property
    def database(self) -> Path:
        return self.home / "client.db"

    def run(self, *words: str) -> Done:
        self.capture.readouterr()
        status = run(["--home", str(self.home), *words])
        out, err = self.capture.readouterr()
        return Done(status, out, err)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Run a command in a process of its own, beside those that follow."""
        return processes.Person(self.home).start(*words)

    def do(self, *words: str) -> Done:
        """Run a command that must succeed."""
        done = self.run(*words)
        assert done.status == 0, done
        return done

    def receive(self, count: int, *words: str) -> list[dict[str, Any]]:
        """Print events until ``count`` have come; on a slow machine that takes several tries."""
        rows: list[dict[str, Any]] = []
        end = time.monotonic() + 20
        while len(rows) < count and time.monotonic() < end:
            rows += self.do("receive", "--timeout", "0.25", "--json", *words).rows
        assert len(rows) == count, rows
        return rows

    def hears_nothing(self) -> bool:
        return self.do("receive", "--timeout", "0.25", "--json").rows == []

    def refused(self, *words: str) -> str:
        """Run a command that must fail, and return the one line that it says."""
        done = self.run(*words)
        assert (done.status, done.out) == (1, ""), done
        assert "Traceback" not in done.err
        (line,) = done.err.splitlines()
        return line


NewPerson = Callable[[str], Person]
Pair = tuple[Person, Person]


def without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no home, passphrase or keyring of this machine take part."""
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    empty = null.Keyring()  # type: ignore[no-untyped-call] # the library has no types here
    monkeypatch.setattr(keyring.core, "_keyring_backend", empty)


async def befriend(first: Path, second: Path, relay: str) -> Contact:
    """Make contacts of Alice and Bob, in two new homes; return what Alice has of Bob."""
    async with Client(first, relays=[relay]) as one, Client(second, relays=[relay]) as other:
        alice = await one.create_profile(Profile("Alice"))
        bob = await other.create_profile(Profile("Bob"))
        invitation = await alice.invite()
        contact = await bob.connect(invitation.link)
        await asyncio.gather(invitation.contact(), contact.established())
        await one.settled()
        await other.settled()
        for profile in (alice, bob):
            await profile.acknowledge([event.id for event in await profile.pending_events()])
        return await invitation.contact()

"""Makes the fixture of a release: two homes and their relay, as this version writes them.

    python -m tests.sdk.store.make_fixture

It goes to ``fixtures/schema-N``, N being the version of the schema; what is there is never
made anew, because it stands for what people have. `test_upgrade.py` opens every fixture.
"""

import asyncio
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from graphchat import Client, Contact, ContactRequested, OwnProfile, Profile
from graphchat.crypto.vault import Strength
from graphchat.store.schema import CLIENT
from graphchat.testing.relays import relay

FIXTURES: Final = Path(__file__).parent / "fixtures"
PASSPHRASE: Final = "correct horse"
STRENGTH: Final = Strength(operations=1, memory=8192)
KEPT: Final = ("alice.db", "alice.db.vault", "bob.db", "bob.db.vault", "relay")


async def make(folder: Path) -> None:
    """Let Alice and Bob have a past in ``folder``: said, delivered, asked, and not yet sent."""
    async with relay(folder=folder / "relay") as server, AsyncExitStack() as stack:
        homes = [
            await stack.enter_async_context(
                Client(folder / f"{name}.db", PASSPHRASE, [server.uri], strength=STRENGTH)
            )
            for name in ("alice", "bob")
        ]
        alice = await homes[0].create_profile(Profile("Alice", bio="Zürich"))
        bob = await homes[1].create_profile(Profile("Bob"))
        contact = await befriend(alice, bob)
        await talk(contact, bob, folder / "boat.png")
        await homes[0].create_profile(Profile("Club"))
        await bob.connect((await alice.create_address()).link, text="It is Bob again")
        await asked(alice)
        await alice.invite()
        for home in homes:
            await home.settled()
    # Nobody hears this: frames, envelopes and events of it stay behind.
    async with Client(folder / "alice.db", PASSPHRASE) as client:
        contact = await (await client.profile("Alice")).contact("Bob")
        await contact.post("written without a relay")


async def befriend(alice: OwnProfile, bob: OwnProfile) -> Contact:
    invitation = await alice.invite()
    his = await bob.connect(invitation.link)
    await asyncio.gather(invitation.contact(), his.established())
    return await invitation.contact()


async def talk(contact: Contact, bob: OwnProfile, picture: Path) -> None:
    Image.new("RGB", (40, 30), "navy").save(picture)
    receipts = [await contact.post(text) for text in ("hello Bob", "Grüße aus Zürich", "北京见")]
    receipts.append(await contact.post(picture))
    (alice,) = await bob.contacts()
    receipts += [await alice.post("hello Alice"), await alice.post("see you at eight")]
    for receipt in receipts:
        await receipt.delivered()


async def asked(alice: OwnProfile) -> None:
    async for event in alice.events():
        if isinstance(event, ContactRequested):
            return


def main() -> None:
    target = FIXTURES / f"schema-{CLIENT.version}"
    if target.exists():
        sys.exit(f"{target} is there already: a fixture is never made anew.")
    with TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(make(folder))
        target.mkdir(parents=True)
        for part in KEPT:
            source = folder / part
            if source.is_dir():
                shutil.copytree(source, target / part)
            else:
                shutil.copy(source, target / part)
    for path in target.rglob("*"):
        if path.name.endswith(("-wal", "-shm", ".lock")):
            path.unlink()
        elif path.is_file():
            path.chmod(0o600)


if __name__ == "__main__":
    main()

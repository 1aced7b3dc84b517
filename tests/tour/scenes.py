"""What `docs/guide.md` shows: two people, two relays, and the commands that they type."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw
from tests.together.processes import RelayProcess, relays
from tests.tour.stage import Terminal


@dataclass
class Tour:
    """Alice and Bob, what they need, and the pictures that were made of them so far."""

    folder: Path
    relays: list[RelayProcess]
    alice: Terminal
    bob: Terminal
    pictures: dict[str, str] = field(default_factory=dict[str, str])

    def picture(self, name: str, who: Terminal, title: str) -> None:
        """Keep what somebody sees, and let them begin anew."""
        self.pictures[name] = who.pictured(title)
        who.clears()

    def hear(self, who: Terminal) -> None:
        """Fetch what is there, out of sight."""
        who.types("receive", "--timeout", "2")
        who.clears()


@contextmanager
def tour(folder: Path) -> Iterator[Tour]:
    """Start the relays; the homes of both are new."""
    with relays(folder, 2) as started:
        alice, bob = Terminal(folder / "alice"), Terminal(folder / "bob")
        yield Tour(folder, started, alice, bob)


def profiles(now: Tour) -> None:
    for who, name in ((now.alice, "Alice"), (now.bob, "Bob")):
        who.types("profile", "create", name, answers=(("passphrase", ""),))
        who.clears()
        for relay in now.relays:
            who.types("servers", "add", relay.uri)
    now.alice.types("servers", "list")
    now.picture("servers", now.alice, "Alice: two relays, both asked")
    now.bob.clears()


def invitation(now: Tour) -> None:
    inviting = now.alice.begins("invite", "--wait", "60")
    now.alice.watches(inviting, lambda seen: "▀" in seen, still=True)
    now.picture("invite", now.alice, "Alice: a code for one person, once")
    inviting.close(force=True)
    link = _link(now.alice.types("invite", "--json"))
    now.alice.clears()
    now.bob.types("connect", link)
    for who in (now.alice, now.bob, now.alice, now.bob):
        who.types("receive", "--timeout", "2")
    now.bob.clears()
    now.bob.types("contacts")
    now.picture("contacts", now.bob, "Bob: whom he knows, and how surely")
    now.alice.clears()


def messages(now: Tour) -> None:
    picture = now.folder / "boat.png"
    _boat(picture)
    now.alice.types("send", "Bob", "See you at *eight*, at the **harbour**")
    now.alice.types("send", "Bob", "our boat", "--file", picture.name)
    now.alice.types(
        "send", "Bob", "--poll", "When?", "--option", "at eight", "--option", "at nine"
    )
    now.alice.clears()
    now.bob.types("receive", "--timeout", "2")
    now.picture("receive", now.bob, "Bob: what came in")
    now.bob.types("react", "Alice", "last", "👍")
    now.bob.types("send", "Alice", "I shall be there")
    now.bob.clears()
    now.hear(now.alice)
    now.alice.types("history", "Bob")
    now.picture("history", now.alice, "Alice: what was said")


def chat(now: Tour) -> None:
    window = Terminal(now.alice.home, lines=22)
    talking = window.begins("chat", "Bob")
    window.watches(talking, lambda seen: "I shall be there" in seen)
    talking.send("Bring the map, please\r")
    window.watches(talking, lambda seen: "Alice: Bring the map, please" in seen)
    now.pictures["chat"] = window.pictured("Alice: a conversation on the whole screen")
    window.leaves(talking)
    now.hear(now.bob)


def off_the_record(now: Tour) -> None:
    accepting = now.bob.begins("otr", "Alice", "--accept", "--listen", "60")
    asking = now.alice.begins("otr", "Bob")
    now.alice.watches(asking, lambda seen: "Ctrl-D" in seen)
    asking.sendline("Between us: the map is wrong")
    now.bob.watches(accepting, lambda seen: "the map is wrong" in seen)
    now.picture("otr", now.bob, "Bob: what nobody can prove, and nothing keeps")
    now.alice.leaves(asking)
    accepting.close(force=True)
    now.alice.clears()


def trust(now: Tour) -> None:
    now.alice.types("verify", "Bob", answers=(("[y/N]", "y"),))
    now.picture("verify", now.alice, "Alice: six words, to be read to each other")


def search(now: Tour) -> None:
    now.alice.types("search", "harbour")
    now.picture("search", now.alice, "Alice: a word in all conversations")


def proofs(now: Tour) -> None:
    now.alice.types("proof", "export", "Bob", "proof.json", "--without-attachments")
    now.alice.clears()
    now.bob.types("proof", "verify", "proof.json")
    now.picture("proof", now.bob, "Bob: what a proof shows, and what not")


def group(now: Tour) -> None:
    now.alice.types("group", "create", "Hikers", "--history", "20")
    now.alice.types("group", "invite", "Hikers", "Bob")
    invited = now.bob.types("receive", "--timeout", "3")
    hosting = now.alice.begins("receive", "--follow")
    now.bob.types("group", "join", _link(invited), "--wait", "30")
    now.bob.clears()
    now.bob.types("group", "members", "Hikers")
    now.bob.types("group", "send", "Hikers", "Sunday at *nine*?")
    now.bob.types("group", "history", "Hikers")
    now.picture("group", now.bob, "Bob: a group, who is in it, and what is said")
    hosting.sendintr()
    hosting.close(force=True)


SCENES: tuple[Callable[[Tour], None], ...] = (
    profiles,
    invitation,
    messages,
    chat,
    trust,
    search,
    proofs,
    off_the_record,
    group,
)
"""In their order: each goes on where the one before has ended."""


def _link(printed: str) -> str:
    found = re.search(r"GRAPHCHAT:(INVITE|GROUP)/[A-Z2-7]+", printed)
    assert found is not None, printed
    return found[0]


def _boat(path: Path) -> None:
    """Draw something that can be recognised when it is small."""
    picture = Image.new("RGB", (240, 160), "#9fd3ff")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 110, 240, 160), fill="#2a6fb0")
    pen.polygon(((50, 100), (190, 100), (160, 130), (80, 130)), fill="#7a4a21")
    pen.polygon(((118, 20), (118, 94), (60, 94)), fill="#ffffff")
    pen.polygon(((124, 30), (124, 94), (176, 94)), fill="#f3e3c3")
    picture.save(path)

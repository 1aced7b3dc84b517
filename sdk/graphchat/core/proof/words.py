"""A verdict in words for people who know nothing of keys and hashes, such as a court.

Rule: what somebody wrote stands behind a bar at the edge of its lines, so that nothing in it looks
like a word of the verdict. A terminal needs these lines with control characters escaped.
"""

from collections.abc import Iterator
from typing import Final

from graphchat.core.proof.bundle import Author
from graphchat.core.proof.findings import Findings, Hidden, Reception, Shown, Verdict, Who
from graphchat.core.proof.listing import message_fields, time

REFUSED: Final = "NOT VALID. This file proves nothing."
VALID: Final = "VALID. What is shown below was signed, and nothing in the file was changed since."

LIMITS: Final = (
    (
        "Who the two sides are. It shows keys, not people: whoever held a key could sign with it."
        " Names are what each side called itself."
    ),
    (
        "That two people were there. One person can make both keys. Whose a key was has to be"
        " shown by other means, such as the device that holds it, a proof of the same messages"
        " that the other side made by itself, or a code that was handed over before witnesses."
    ),
    (
        "Who made the invitation or address. Both sides named its hash when they signed; whoever"
        " had seen it could."
    ),
    "That the clocks were right. Every time is what the clock of a side said.",
    (
        "That nothing else was said: before, after, between, by another way, or in a conversation"
        " without signatures. Of what is hidden, only the numbers are shown; it may have edited or"
        " taken back what is shown."
    ),
    (
        "In which order the two sides spoke. What one device said is in its true order; between"
        " the sides only their clocks speak."
    ),
    "That a person read or understood a message: a receipt says that a device had it.",
)
"""What no file of this kind can show; said with every one that is valid."""


def in_words(verdict: Verdict) -> str:
    """Return the verdict: first the result, then numbered statements, then what is not shown."""
    if (found := verdict.findings) is None:
        problem = verdict.problem
        assert problem is not None
        return (
            f"{REFUSED}\n\nIt was changed, damaged, or never was a proof:"
            f" at {problem.where}: {problem.what}."
        )
    lines = [VALID, "", "What it shows", *_numbered(_statements(found))]
    lines += ["", "What it does not show", *_numbered(iter(LIMITS))]
    return "\n".join(lines)


def _numbered(statements: Iterator[str]) -> Iterator[str]:
    for number, statement in enumerate(statements, 1):
        first, *more = statement.split("\n")
        yield f"{number:3}. {first}"
        yield from (f"     {line}" for line in more)


def _statements(found: Findings) -> Iterator[str]:
    yield (
        "Two keys agreed to talk to each other by graphchat. Each side signed that its key is for"
        f" this connection ({found.cid.hex()}) and that it began with the invitation or address"
        f" whose hash is {found.code_hash.hex()}."
    )
    for who in found.sides:
        yield _about(who)
    yield f"{_name(found.made_by)} made this file on {time(found.made_ms)}, as its clock said."
    count = len(found.shown)
    yield f"{count} {'message is' if count == 1 else 'messages are'} shown, each signed:"
    for shown in found.shown:
        yield _message(shown)
    # The newest of each stream; the others are told with the messages that they cover.
    for reception in {each.stream: each for each in found.receptions}.values():
        yield _received(reception)
    for hidden in found.hidden:
        yield _not_shown(hidden)


def _about(who: Who) -> str:
    role = "made" if who.author == "inviter" else "used"
    first = f"{_name(who.author)} is whoever held this key, and says that it {role} the code:"
    lines = [first, who.keys[0].hex()]
    for change in who.changes:
        lines.append(
            f"The key was changed: from number {change.from_seq} of its device"
            f" {change.stream.hex()} on, this key signs, as the key before it has signed:"
        )
        lines.append(change.key.hex())
    lines += [f"It called itself:\n{_quoted(name)}" for name in who.names]
    return "\n".join(lines)


def _message(shown: Shown) -> str:
    head = (
        f"{_name(shown.author)}, number {shown.seq} of its device {shown.stream.hex()},"
        f" on {time(shown.ts_ms)} as its clock said:"
    )
    received = "No receipt for it is here."
    if shown.received_ms is not None:
        when = time(shown.received_ms)
        received = f"The other side signed that it had it by {when}, as its clock said."
    return f"{head}\n{_content(shown)}\n{received}"


def _content(shown: Shown) -> str:
    fields = message_fields(shown.message)
    kind = fields.pop("type")
    if kind == "text" and not any(value for name, value in fields.items() if name != "text"):
        return _quoted(str(fields["text"]))
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    return f"a message of the type {kind}:\n{_quoted(chr(10).join(lines))}"


def _received(reception: Reception) -> str:
    return (
        f"{_name(reception.by)} signed that it had received everything of the device"
        f" {reception.stream.hex()} up to number {reception.seq}, on {time(reception.ts_ms)}"
        " as its clock said."
    )


def _not_shown(hidden: Hidden) -> str:
    numbers = (
        f"{hidden.first}" if hidden.first == hidden.last else f"{hidden.first} to {hidden.last}"
    )
    how = (
        "Only hashes are here: they are messages or signals between programs."
        if hidden.hashed
        else "They came before what is shown, and nothing of them is here."
    )
    return (
        f"Not shown of {_name(hidden.author).lower()}'s device {hidden.stream.hex()}:"
        f" number {numbers}. {how}"
    )


def _name(author: Author) -> str:
    return f"The {author}"


def _quoted(text: str) -> str:
    return "\n".join(f"  | {line}" for line in text.split("\n"))

"""Create tokens that an operator hands out: a file with their names and hashes, never with them.

Where the file is, the relay is private: without a token in it nobody creates queues.
"""

import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import msgspec

from graphchat.clock import Clock
from graphchat.errors import NotFoundError, StateError, StoreError
from graphchat.wire.base64url import to_text
from graphchat_relay.identity import write_secret

TOKENS_FILE: Final = "tokens.json"
# Bytes of a token: nobody guesses one.
SIZE: Final = 18
# A relay compares with every one of them.
MOST: Final = 10_000
NAME: Final = re.compile(r"[\w][\w .@-]{0,62}[\w]|[\w]")


class Token(msgspec.Struct, frozen=True):
    """What is known of a token."""

    name: str
    """For the operator alone: for whom it was made."""
    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the token, in hexadecimal digits."""


def read(path: Path) -> tuple[Token, ...] | None:
    """Return the tokens of a file; None if there is no file. Raises `StoreError`."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=tuple[Token, ...])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"The tokens {path} cannot be read: {error.strerror}.") from None
    except msgspec.MsgspecError:
        raise StoreError(
            f"The tokens {path} are damaged. Restore a copy, or delete them and make new ones."
        ) from None
    return found


def hashes(tokens: tuple[Token, ...]) -> frozenset[bytes]:
    return frozenset(bytes.fromhex(token.hash) for token in tokens)


def add(path: Path, name: str, clock: Clock) -> str:
    """Make a token, and return it: it is nowhere else. Raises `StateError`, `StoreError`."""
    if not NAME.fullmatch(name):
        raise StateError("A token is named by 1 to 64 letters, digits, blanks or any of . _ @ -")
    known = read(path) or ()
    if any(token.name == name for token in known):
        raise StateError(f"There is a token named {name} already. Revoke it, or choose another.")
    if len(known) >= MOST:
        raise StateError(f"There are {MOST:,} tokens already. Revoke some.")
    token = to_text(clock.random(SIZE))
    _write(path, (*known, Token(name, sha256(token.encode()).hexdigest())))
    return token


def revoke(path: Path, name: str) -> None:
    """Let nobody create queues by a token any more. Raises `NotFoundError`, `StoreError`."""
    known = read(path) or ()
    left = tuple(token for token in known if token.name != name)
    if len(left) == len(known):
        raise NotFoundError(f"There is no token named {name}.")
    _write(path, left)


def _write(path: Path, tokens: tuple[Token, ...]) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, msgspec.json.format(msgspec.json.encode(tokens)) + b"\n")
    except OSError as error:
        raise StoreError(f"The tokens {path} cannot be written: {error.strerror}.") from None

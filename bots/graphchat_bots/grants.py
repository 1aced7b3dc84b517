"""Invitations to a role: made by whoever owns the bot's files, redeemed by the bot.

The bot may run meanwhile and hold its database, so an invitation is a file of its own. It is
named by a hash of the token: who reads the folder, or a backup of it, can redeem nothing.
"""

import os
from base64 import b32encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from graphchat.clock import Clock
from graphchat.errors import StateError
from graphchat_bots.roles import Role

COMMAND: Final = "role"
GOOD_FOR: Final = timedelta(hours=24)
MAX_OPEN: Final = 100

_TOKEN: Final = 16
# Characters of a token; what is longer is not even hashed.
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Grant:
    """An invitation, as the bot finds it."""

    id: str
    """Hash of the token."""
    role: Role


class _File(msgspec.Struct):
    role: str
    until: float


def invite(folder: Path, role: Role, clock: Clock) -> str:
    """Invite somebody to ``role``; return what they are to say to the bot within 24 hours.

    ``folder`` is that of the bot (`Place.folder`). Works while the bot runs, too. The first
    who says it has the role. Raises `StateError` if 100 invitations are open.
    """
    if role is Role.MEMBER:
        raise ValueError("everybody is a member: there is nothing to grant")
    home = _home(folder)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = clock.now()
    if sum(_read(path, now) is not None for path in home.glob("*.json")) >= MAX_OPEN:
        raise StateError("There are 100 open invitations. Wait until some of them have expired.")
    token = b32encode(clock.random(_TOKEN)).decode().rstrip("=").lower()
    until = now + GOOD_FOR.total_seconds()
    _write(home / f"{_hash(token)}.json", _File(role.name, until))
    return f"/{COMMAND} {token}"


def find(folder: Path, token: str, now: float) -> Grant | None:
    """Return the invitation with this token, if there is one and it has not expired.

    Nothing is compared character by character: only a hash of what was said is looked up, so
    the time that it takes says nothing about tokens that would be good.
    """
    name = _hash(token.casefold()) if len(token) <= _LONGEST else ""
    return _read(_home(folder) / f"{name}.json", now) if name else None


def forget(folder: Path, grant: Grant) -> None:
    """Delete an invitation that was redeemed."""
    with suppress(FileNotFoundError):
        (_home(folder) / f"{grant.id}.json").unlink()


def _home(folder: Path) -> Path:
    return folder / "roles"


def _hash(token: str) -> str:
    return sha256(b"gc/1 bot role" + token.encode(errors="replace")).hexdigest()


def _read(path: Path, now: float) -> Grant | None:
    """Return the invitation in a file; one that has expired is deleted."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
        role = Role[found.role]
    except (OSError, msgspec.MsgspecError, KeyError):
        return None
    if found.until <= now:
        with suppress(OSError):
            path.unlink()
        return None
    return Grant(path.stem, role)


def _write(path: Path, content: _File) -> None:
    # Under another name until it is whole: the bot may look at any moment.
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(content))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

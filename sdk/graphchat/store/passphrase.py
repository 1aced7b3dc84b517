"""Where a passphrase comes from: the environment, the keyring of the system, or a question."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from graphchat.crypto import vault
from graphchat.store import files

VARIABLE: Final = "GRAPHCHAT_PASSPHRASE"
"""The environment variable that is asked first."""
SERVICE: Final = "graphchat"
"""The name under which the keyring shows its entries; each is named by the path of a database."""


def find(
    path: Path, environ: Mapping[str, str], ask: Callable[[], str | None] | None = None
) -> str | None:
    """Return the passphrase of the database at ``path``, or None if there is none.

    ``ask`` is called last, and not for a database that was made without a passphrase. May wait
    for a person: call it outside of an event loop. Raises `StoreError` for a damaged vault.
    """
    if passphrase := environ.get(VARIABLE):
        return passphrase
    if protected(path) is False:
        return None
    return recall(path) or (ask() if ask else None)


def protected(path: Path) -> bool | None:
    """Say whether the database at ``path`` wants a passphrase; None if there is no database."""
    places = files.Files.of(path)
    if not places.vault.exists():
        return None
    return vault.protected(files.read_vault(places))


def recall(path: Path) -> str | None:
    """Return what the keyring has, or None, also where no keyring is."""
    with suppress(Exception):  # a backend raises whatever its system raises
        import keyring  # noqa: PLC0415 - looks for backends, which takes a while

        return keyring.get_password(SERVICE, _entry(path))
    return None


def remember(path: Path, passphrase: str) -> bool:
    """Put the passphrase into the keyring; False if there is none or it refuses."""
    with suppress(Exception):
        import keyring  # noqa: PLC0415

        keyring.set_password(SERVICE, _entry(path), passphrase)
        return True
    return False


def forget(path: Path) -> None:
    """Take the passphrase out of the keyring, if it is there."""
    with suppress(Exception):
        import keyring  # noqa: PLC0415

        keyring.delete_password(SERVICE, _entry(path))


def _entry(path: Path) -> str:
    return str(path.absolute())

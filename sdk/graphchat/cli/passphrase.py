"""The passphrase of a home: from the environment, the keyring, or a person at a terminal."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

from graphchat.cli.output import can_ask, say
from graphchat.errors import PassphraseError
from graphchat.store import passphrase as sources

_TRIES: Final = 3


def get(path: Path) -> str | None:
    """Return the passphrase of the database at ``path``; None if it has none, or shall have none.

    For a database that does not exist it lets a person choose. Raises `PassphraseError` if it
    is needed and cannot be asked for, `StoreError`.
    """
    known, is_protected = sources.find(path, os.environ), sources.protected(path)
    if known is not None and is_protected is False:
        raise PassphraseError(f"This home has no passphrase. Unset {sources.VARIABLE}.")
    if known is not None:
        return known
    match is_protected:
        case True:
            return _ask(path)
        case None if not path.exists():
            return _choose(path)
        case _:
            return None


@contextmanager
def explained(secret: str | None) -> Iterator[None]:
    """Say of a passphrase that does not open a home that the environment has it, if so."""
    try:
        yield
    except PassphraseError as error:
        if secret is None or secret != os.environ.get(sources.VARIABLE):
            raise
        raise PassphraseError(
            f"{error} It was taken from {sources.VARIABLE}: correct or unset that."
        ) from None


def tell_without(path: Path) -> None:
    """Tell what it means that the new database at ``path`` has no passphrase."""
    say(
        f"Without a passphrase the key of this home lies in {path}.vault, for you alone to"
        f" read. {sources.VARIABLE} sets a passphrase for a new home."
    )


def _ask(path: Path) -> str:
    if not can_ask():
        raise PassphraseError(
            f"This home has a passphrase. Set {sources.VARIABLE}, or run this on a terminal."
        )
    return typed(f"Passphrase of {path.parent}")


def _choose(path: Path) -> str | None:
    answer = chosen("Choose a passphrase for this home (empty: none)") if can_ask() else ""
    if not answer:
        return None
    if _has_keyring() and typer.confirm("Remember it in the keyring of the system?", err=True):
        sources.remember(path, answer)
    return answer


def replace(path: Path, new: str | None) -> None:
    """Let the keyring have the new passphrase, if it had the old one."""
    if sources.recall(path) is None:
        return
    if new is None:
        sources.forget(path)
    else:
        sources.remember(path, new)


def chosen(question: str) -> str:
    """Let a person type a new passphrase twice; may be empty. Raises `PassphraseError`."""
    for _ in range(_TRIES):
        answer = typed(question)
        if not answer or typed("Once more") == answer:
            return answer
        say("They differ. Type it again.")
    raise PassphraseError("The passphrase was not typed twice alike. Nothing was made.")


def typed(question: str) -> str:
    """Ask a person for a passphrase."""
    answer: str = typer.prompt(question, default="", show_default=False, hide_input=True, err=True)
    return answer


def _has_keyring() -> bool:
    import keyring
    from keyring.backends import fail, null

    return not isinstance(keyring.get_keyring(), fail.Keyring | null.Keyring)

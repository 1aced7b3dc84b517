"""Every error that the library raises on purpose.

* `GraphchatError`
    * `LocalProtocolError`: our side tried what the protocol forbids
    * `RemoteProtocolError`: the other side did what the protocol forbids
        * `DecryptionError`
            * `RepeatedError`
    * `CodeError`: a link, QR code or picture cannot be used
    * `ContentError`: a message cannot be sent as it is
    * `NotFoundError`: no such profile, contact, request, relay or message
    * `StateError`: not possible now
    * `StoreError`: the database cannot be used
        * `PassphraseError`
        * `StoreBusyError`
        * `StoreConflictError`
    * `RelayError`: a relay refused, or could not be reached
        * `RelayUnreachableError`
        * `RelayIdentityError`
        * `UnauthorizedError`
        * `QuotaError`
        * `RateError`
        * `BadRequestError`

The docstring of a class is the sentence that its user reads when nothing better is known.
A message says what happened, why, and what to do; it never holds content, keys, queue
URIs or IP addresses.
"""


class GraphchatError(Exception):
    """Something went wrong in graphchat."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])


class LocalProtocolError(GraphchatError):
    """Our own side tried what the protocol does not allow. Please report it as a bug."""


class RemoteProtocolError(GraphchatError):
    """The other side sent something that the protocol does not allow, so it was ignored."""


class DecryptionError(RemoteProtocolError):
    """An envelope could not be opened: it is damaged, a repetition, or meant for somebody else."""


class RepeatedError(DecryptionError):
    """The envelope was opened before, so it was dropped."""


class CodeError(GraphchatError):
    """This is no graphchat code. Ask for a fresh link or QR code."""


class ContentError(GraphchatError):
    """This message cannot be sent as it is."""


class NotFoundError(GraphchatError):
    """There is nothing with that name."""


class StateError(GraphchatError):
    """That is not possible now."""


class StoreError(GraphchatError):
    """The database cannot be used. Restore a backup, or choose another home."""


class PassphraseError(StoreError):
    """The passphrase does not open this database. Try again, or choose another home."""


class StoreBusyError(StoreError):
    """Another graphchat process uses this database. End it, or choose another home."""


class StoreConflictError(StoreError):
    """The database has this already, or misses what it belongs to. Nothing was changed."""


class RelayError(GraphchatError):
    """The relay refused."""


class RelayUnreachableError(RelayError):
    """The relay does not answer. Check the address and the network, then try again."""

    def __init__(self, message: str | None = None, *, heard: bool = True) -> None:
        super().__init__(message)
        self.heard = heard
        """False: there was no connection, so it cannot have done what it was asked."""


class RelayIdentityError(RelayError):
    """This relay is not the one that the link names: its fingerprint differs. Do not use it."""


class UnauthorizedError(RelayError):
    """The relay knows no such queue, this key does not open it, or the clock here is wrong."""


class QuotaError(RelayError):
    """The queue is full until its recipient collects messages."""


class RateError(RelayError):
    """The relay asks to slow down. Wait a moment, then try again."""

    def __init__(self, message: str | None = None, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait before the next try."""


class BadRequestError(RelayError):
    """The relay did not understand the request. The versions may not fit; please update."""

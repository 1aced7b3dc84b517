"""The relay as an ASGI application."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from graphchat.clock import Clock, SystemClock
from graphchat.crypto.keys import SEED, SigningKey
from graphchat.errors import StateError
from graphchat.secret import Secret
from graphchat.wire.uri import DEFAULT_PATH
from graphchat_relay import tokens
from graphchat_relay.buckets import Bucket
from graphchat_relay.bus import Bus
from graphchat_relay.gate import Gate, Sockets
from graphchat_relay.handover import works
from graphchat_relay.identity import load_identity
from graphchat_relay.ledger import Holder
from graphchat_relay.private import private_app
from graphchat_relay.requests import Requests
from graphchat_relay.rest import REFUSALS, Rest, answer, refuse
from graphchat_relay.service.relay import Relay
from graphchat_relay.service.replicas import Peers
from graphchat_relay.settings import IDENTITY_FILE, RelaySettings
from graphchat_relay.site import Site
from graphchat_relay.store import Store
from graphchat_relay.store.opening import is_postgres, open_postgres, open_store, sqlite_path


@dataclass(slots=True)
class Parts:
    """What the applications of one relay share."""

    settings: RelaySettings
    clock: Clock
    identity: SigningKey | None
    """None until the store was opened that has it."""
    site: Site
    sockets: Sockets = field(default_factory=Sockets)
    requests: Requests = field(init=False)
    relay: Relay | None = None
    hand_over: bool = False
    """Take transports from the server: it is wanted, and works with this one."""

    def __post_init__(self) -> None:
        rate = self.settings.refusals_per_second
        refusals = Bucket(self.clock, rate, max(1.0, 10 * rate))
        self.requests = Requests(self.settings.requests, self._evicted, refusals)

    def _evicted(self) -> None:
        self.running.metrics.evicted += 1

    @property
    def running(self) -> Relay:
        assert self.relay is not None, "the application has not started"
        return self.relay

    @property
    def ready(self) -> bool:
        return self.relay is not None and self.relay.healthy and not self.sockets.closing

    def gauges(self) -> Mapping[str, float]:
        return {
            "sockets": len(self.sockets),
            "queues_in_use": len(self.running.live),
            "memory_used": self.running.ledger.used,
            "memory_ceiling": self.settings.memory_ceiling,
        }

    def _holders(self) -> Iterator[Holder]:
        yield from self.sockets
        yield from self.requests.holders()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Open the store and run the service. Raises `graphchat.errors.StoreError`."""
        if self.relay is not None:  # whoever serves the application has done it
            yield
            return
        async with self._medium() as (store, peers):
            try:
                self.relay = Relay(store, self.clock, self.settings.limits, peers)
                self.relay.ledger.holders = self._holders
                self.hand_over = self.settings.hand_over and await works()
                async with self.relay.running():
                    yield
            finally:
                self.relay = None

    @asynccontextmanager
    async def _medium(self) -> AsyncIterator[tuple[Store, Peers | None]]:
        if not is_postgres(self.settings.store):
            store = await open_store(self.settings.store, migrate=self.settings.migrate_at_start)
            try:
                yield store, None
            finally:
                await store.close()
            return
        shared = await open_postgres(self.settings.store, migrate=self.settings.migrate_at_start)
        try:
            if self.identity is None:
                seed = await shared.identity(self.clock.random(SEED))
                self.identity = SigningKey(Secret(seed))
                self.site.identity = self.identity.public
            yield shared, Peers(shared, _bus(self.settings))
        finally:
            await shared.close()


def make_parts(settings: RelaySettings, clock: Clock | None = None) -> Parts:
    """Read or make the identity, if it is a file, and the tokens.

    Raises `graphchat.errors.StoreError`, `graphchat.errors.StateError`.
    """
    clock = clock or SystemClock()
    identity = _identity(settings, clock)
    public = b"" if identity is None else identity.public
    site = Site(public, settings.path, settings.public_url, load_tokens(settings))
    return Parts(settings, clock, identity, site)


def load_tokens(settings: RelaySettings) -> frozenset[bytes] | None:
    """Return the hashes of all tokens; None if the relay is for everybody.

    Raises `StoreError`, `StateError`.
    """
    found = None if settings.tokens is None else tokens.read(settings.tokens)
    if found is None and not settings.create_tokens:
        return None
    if not settings.path.endswith(DEFAULT_PATH):
        raise StateError("With tokens, the path of the public URL must end in /q.")
    given = (sha256(token.encode()).digest() for token in settings.create_tokens)
    return tokens.hashes(found or ()).union(given)


def public_app(parts: Parts) -> Starlette:
    """Return what clients speak to."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with parts.serving():
            yield

    gate = Middleware(
        Gate,
        relay=lambda: parts.running,
        site=parts.site,
        clock=parts.clock,
        sockets=parts.sockets,
        hand_over=lambda: parts.hand_over,
    )
    app = Starlette(
        routes=Rest(lambda: parts.running, parts.site, parts.clock).routes(),
        middleware=[gate],
        exception_handlers={HTTPException: _bland, **dict.fromkeys(REFUSALS, refuse)},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def create_app(settings: RelaySettings | None = None) -> Starlette:
    """Return a relay for any ASGI server; ``app.state.private`` has the probes and figures.

    Without settings, they are read from the environment. Raises `graphchat.errors.StoreError`.
    """
    parts = make_parts(settings or RelaySettings())
    app = public_app(parts)
    app.state.private = probes(parts)
    app.state.parts = parts
    return app


def probes(parts: Parts) -> Starlette:
    """Return /livez, /readyz and /metrics."""
    return private_app(lambda: parts.running.metrics, parts.gauges, lambda: parts.ready)


async def _bland(request: Request, error: Exception) -> Response:
    """Answer what is no endpoint, or no complete request."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        # RFC 9110, 15.5.6: it says which methods there are. The gate answers OPTIONS everywhere.
        methods = (error.headers or {})["Allow"].split(", ")
        return answer(b'"Method Not Allowed"', 405, allow=", ".join(sorted([*methods, "OPTIONS"])))
    if error.status_code == 408:
        return answer(b'"Request Timeout"', 408)
    return answer(b'"Not Found"', 404)


def _bus(settings: RelaySettings) -> Bus:
    from graphchat_relay.bus.postgres import PostgresBus  # noqa: PLC0415 - an extra

    return PostgresBus(settings.store_direct or settings.store)


def identity_file(settings: RelaySettings) -> Path | None:
    """Return where the key is; None if it is in no file. Raises `StoreError`."""
    if settings.identity is not None:
        return settings.identity
    database = sqlite_path(settings.store)
    return None if database is None else database.with_name(f"{database.name}.{IDENTITY_FILE}")


def _identity(settings: RelaySettings, clock: Clock) -> SigningKey | None:
    path = identity_file(settings)
    if path is None and is_postgres(settings.store):
        return None
    return SigningKey.generate(clock) if path is None else load_identity(path, clock)

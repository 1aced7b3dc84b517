"""A relay process: its sockets, Hypercorn on top of them, and how it stops."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.applications import Starlette

from graphchat.errors import StateError
from graphchat.secret import Secret
from graphchat.wire import rest as wire
from graphchat.wire.limits import FRAME
from graphchat.wire.uri import RelayAddress, fingerprint
from graphchat_relay.app import load_tokens, make_parts, probes, public_app
from graphchat_relay.gate import refuse
from graphchat_relay.http2 import (
    STREAMS,
    Connections,
    has_long_headers,
    has_long_target,
    is_http2,
    is_upgraded,
    patient,
)
from graphchat_relay.identity import write_certificate
from graphchat_relay.intake import Intake
from graphchat_relay.line import AsgiReceive, AsgiSend, Scope
from graphchat_relay.reload import Watched, watch
from graphchat_relay.settings import RelaySettings
from graphchat_relay.underneath import abort

LOG: Final = logging.getLogger("graphchat_relay")
BACKLOG: Final = 2048
# Seconds that requests have when the relay is told to stop.
GRACE: Final = 2.0
SOCKET_OPTIONS: Final = (
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    # A peer that vanished is noticed after one to two minutes.
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 60),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 20),
)


class RelayServer:
    """A relay on two ports: one for everybody, one for its operator."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._parts = make_parts(settings)
        self._stop = asyncio.Event()
        self._stopped = asyncio.Event()
        self._folder = contextlib.ExitStack()
        self._configs: list[Config] = []
        self._connections = Connections()
        self._app: Starlette | None = None
        self.address = RelayAddress("", fingerprint(self._parts.site.identity))
        self.private_uri: str | None = None
        self.port = settings.port

    @property
    def metrics(self) -> dict[str, int]:
        """The totals since the start."""
        return self._parts.running.metrics.totals()

    def stop(self) -> None:
        """Close the sockets, finish what is under way, and return from `run`."""
        self._stop.set()

    def abort(self) -> None:
        """Break every connection, and let a cancelled `run` wait for nobody."""
        for config in self._configs:
            config.graceful_timeout = 0.01
        self._parts.sockets.abort()
        self._parts.requests.abort()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`; call ``ready`` when connections are accepted.

        Raises `StateError` if a port cannot be had, `graphchat.errors.StoreError` for the store.
        """
        with self._folder:
            listening = self._folder.enter_context(
                self._listen(self._settings.host, self._settings.port)
            )
            self.port = listening.getsockname()[1]
            own = self._own_certificate()
            async with self._parts.serving():
                certificate = own or self._self_signed()
                public = self._config(listening)
                if certificate is not None:
                    public.certfile, public.keyfile = map(str, certificate)
                self.address = self._address(secure=certificate is not None)
                await self._accept(public, ready)

    async def _accept(self, public: "TlsConfig", ready: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch(self._watched(public)))
            if self._settings.private_port is not None:
                tasks.create_task(self._run_private(self._settings.private_port))
            self._app = public_app(self._parts)
            # Hypercorn asks for the trigger when its sockets are open.
            await serve(self._serve, public, shutdown_trigger=lambda: self._trigger(ready))  # type: ignore[arg-type] # a narrower idea of ASGI
            self._stopped.set()
            watching.cancel()

    def _watched(self, public: "TlsConfig") -> list[Watched]:
        """Return what is taken up again when it changes."""
        settings, found = self._settings, []
        if settings.tokens is not None:
            found.append(Watched("tokens", (settings.tokens,), self._take_tokens))
        if settings.certfile is not None and settings.keyfile is not None:
            files = (settings.certfile, settings.keyfile)
            found.append(Watched("certificate", files, partial(public.renew, *files)))
        return found

    def _take_tokens(self) -> None:
        self._parts.site.tokens = load_tokens(self._settings)

    async def _trigger(self, ready: Callable[[], None]) -> None:
        ready()
        await self._stop.wait()
        self._parts.sockets.closing = True  # /readyz says so from here on
        await asyncio.sleep(self._settings.drain_delay)
        await self._parts.sockets.drain(self._settings.drain_spread)
        await self._parts.requests.quiet(GRACE)
        # Hypercorn would wait for those that do not take their answers.
        self.abort()

    async def _serve(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        """Refuse what is too much; know of every request, so that the end waits for none long."""
        if not is_http2(scope):
            await self._judge(scope, receive, send)
        elif not self._settings.http2 or is_upgraded(scope):
            abort(send)
        else:
            with self._connections.request(send) as welcome:
                if not welcome:
                    abort(send)
                else:
                    await self._judge(scope, receive, send)

    async def _judge(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        assert self._app is not None
        if has_long_headers(scope, self._settings.header_bytes):
            await self._refuse(scope, receive, send, 431, "headers")
        elif has_long_target(scope):
            await self._refuse(scope, receive, send, 414, "target")
        elif scope["type"] == "http":
            await self._take(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _refuse(
        self, scope: Scope, receive: AsgiReceive, send: AsgiSend, status: int, error: str
    ) -> None:
        answering = send
        if scope["type"] == "http":
            answering = self._intake(scope, receive, send).send
        await refuse(scope, answering, status, wire.encode(wire.Refusal(error)))

    async def _take(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        assert self._app is not None
        intake = self._intake(scope, receive, send)
        stall = self._settings.stall_seconds
        answering = patient(intake.send, send, stall) if is_http2(scope) else intake.send
        with self._parts.requests.holding(intake) as welcome:
            shed = scope["method"] != "DELETE" and self._parts.running.ledger.over
            self._parts.running.metrics.shed += shed
            if shed or not welcome:
                body = wire.encode(wire.Refusal("busy"))
                await refuse(scope, answering, 503, body, ((b"retry-after", b"5"),))
            else:
                await self._app(scope, intake.receive, answering)

    def _intake(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> Intake:
        ledger = self._parts.running.ledger
        return Intake(receive, send, ledger, alone=not is_http2(scope))

    async def _run_private(self, port: int) -> None:
        listening = self._listen(self._settings.private_host, port)
        self.private_uri = "http://{}:{}".format(*listening.getsockname()[:2])
        app: Starlette = probes(self._parts)
        await serve(app, self._config(listening), shutdown_trigger=self._stopped.wait)  # type: ignore[arg-type] # as above

    def _listen(self, host: str, port: int) -> socket.socket:
        try:
            found = socket.create_server(
                (host, port),
                family=socket.AF_INET6 if ":" in host else socket.AF_INET,
                backlog=BACKLOG,
            )
        except OSError as error:
            raise StateError(_why_not(host, port, error)) from None
        # One that takes no data is given up, too, even if it still answers.
        stall = (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", int(1000 * self._settings.stall_seconds))
        for level, name, value in (*SOCKET_OPTIONS, stall):
            # Accepted connections inherit them. Not every platform has all of them.
            if hasattr(socket, name):
                found.setsockopt(level, getattr(socket, name), value)
        return found

    def _config(self, listening: socket.socket) -> "TlsConfig":
        config = TlsConfig()
        config.bind = [f"fd://{listening.detach()}"]
        config.accesslog = None
        config.errorlog = LOG.getChild("http")
        LOG.getChild("http").setLevel(logging.ERROR)
        config.include_server_header = False
        config.include_date_header = False
        config.backlog = BACKLOG
        config.keep_alive_timeout = self._settings.idle_seconds
        config.ssl_handshake_timeout = self._settings.idle_seconds
        config.h11_max_incomplete_size = self._settings.header_bytes
        config.keep_alive_max_requests = 1_000_000
        config.max_app_queue_size = 8
        config.alpn_protocols = ["h2", "http/1.1"] if self._settings.http2 else ["http/1.1"]
        config.h2_max_concurrent_streams = STREAMS
        config.h2_max_header_list_size = self._settings.header_bytes
        config.websocket_max_message_size = FRAME
        # The kernel finds dead peers, see below; a task for each socket would cost memory.
        config.websocket_ping_interval = None
        config.graceful_timeout = 2
        self._configs.append(config)
        return config

    def _own_certificate(self) -> tuple[Path, Path] | None:
        certfile, keyfile = self._settings.certfile, self._settings.keyfile
        if certfile is None or keyfile is None:
            return None
        _check_certificate(certfile, keyfile)
        return certfile, keyfile

    def _self_signed(self) -> tuple[Path, Path] | None:
        settings = self._settings
        if not settings.tls_self_signed:
            return None
        folder = self._folder.enter_context(TemporaryDirectory(prefix="graphchat-relay-"))
        assert self._parts.identity is not None  # the store was opened
        return write_certificate(self._parts.identity, settings.host, Path(folder))

    def _address(self, *, secure: bool) -> RelayAddress:
        settings = self._settings
        base = settings.public_url
        if base is None:
            # What listens everywhere is reached here; --public-url says how from elsewhere.
            host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(  # noqa: S104 - read, not bound
                settings.host, settings.host
            )
            shown = f"[{host}]" if ":" in host else host
            base = f"http{'s' * secure}://{shown}:{self.port}{settings.path}"
        # With several tokens, each is meant for somebody else.
        [token] = settings.create_tokens if len(settings.create_tokens) == 1 else [None]
        secret = None if token is None else Secret(token.encode())
        return RelayAddress(base, self._parts.site.fingerprint, secret)


class TlsConfig(Config):
    """Hypercorn's settings, which remember the context in use so that it can be renewed."""

    _context: ssl.SSLContext | None = None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        self._context = super().create_ssl_context()
        return self._context

    def renew(self, certfile: Path, keyfile: Path) -> None:
        """Show another certificate to those who connect from now on. Raises `StateError`."""
        _check_certificate(certfile, keyfile)
        if self._context is not None:
            self._context.load_cert_chain(certfile, keyfile)


def _why_not(host: str, port: int, error: OSError) -> str:
    """Say why nobody can listen there, and what to do."""
    # Below zero: of looking the name up.
    if error.errno == errno.EADDRNOTAVAIL or (error.errno or 0) < 0:
        return (
            f"Cannot listen on {host}: it is no address of this machine."
            " Name one that is with --host, or 0.0.0.0 for all of them."
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return (
        f"Cannot listen on {host}, port {port}: {reason}. Is another relay running there?"
        " Choose another with --port or --private-port (0 takes any free one)."
    )


def _check_certificate(certfile: Path, keyfile: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile)
    except (OSError, ssl.SSLError) as error:
        raise StateError(
            f"The certificate {certfile} with the key {keyfile} cannot be used:"
            f" {error.strerror or error}. Check --certfile and --keyfile."
        ) from None

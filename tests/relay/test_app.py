import shutil
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from tests.postgres import Postgres
from tests.relay.support import clients, envelope, key

import graphchat_relay
from graphchat.testing import relay
from graphchat.wire import rest
from graphchat_relay import RelaySettings, create_app

Event = MutableMapping[str, Any]


async def talk(
    app: Starlette, kind: str, path: str, *events: Event, method: str = ""
) -> list[Event]:
    """Call an application as a server does; return what it sends."""
    incoming, sent = list(events), list[Event]()
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"host", b"127.0.0.1")],
        "extensions": {"websocket.http.response": {}},
    }

    async def receive() -> Event:
        return incoming.pop(0)

    async def send(event: Event) -> None:
        sent.append(event)

    await app(scope, receive, send)
    return sent


async def status(app: Starlette, method: str, path: str, body: bytes = b"") -> int:
    request = {"type": "http.request", "body": body, "more_body": False}
    found = await talk(app, "http", path, request, method=method)
    return int(found[0]["status"])


async def test_an_application_runs_on_any_server(tmp_path: Path) -> None:
    app = create_app(RelaySettings(store=str(tmp_path / "relay.db")))
    private = app.state.private
    assert await status(private, "GET", "/readyz") == 503
    async with app.router.lifespan_context(app):
        body = rest.encode(rest.CreateQueue(key("alice").public))
        assert await status(app, "POST", "/q", body) == 401
        assert await status(app, "GET", "/q") == 405
        assert await status(private, "GET", "/readyz") == 200
        leaving = {"type": "websocket.disconnect"}
        found = await talk(app, "websocket", "/q", {"type": "websocket.connect"}, leaving)
        assert found[0]["type"] == "websocket.accept"
    assert await status(private, "GET", "/readyz") == 503
    assert (tmp_path / "relay.db.identity.key").exists()


async def test_replicas_have_the_identity_that_is_in_their_database(postgres: Postgres) -> None:
    dsn = postgres.database()
    first, second = (create_app(RelaySettings(store=dsn)) for _ in range(2))
    async with first.router.lifespan_context(first), second.router.lifespan_context(second):
        sites = [app.state.parts.site for app in (first, second)]
        assert sites[0].fingerprint == sites[1].fingerprint
        assert await status(first.state.private, "GET", "/readyz") == 200
    again = create_app(RelaySettings(store=dsn))
    async with again.router.lifespan_context(again):
        assert again.state.parts.site == sites[0]


async def test_without_a_place_the_identity_is_new_each_time() -> None:
    first, second = (create_app(RelaySettings(store="memory:")) for _ in range(2))
    assert first.state.parts.site.fingerprint != second.state.parts.site.fingerprint


async def test_the_package_offers_two_names() -> None:
    assert graphchat_relay.__all__ == ["RelaySettings", "create_app"]


async def test_an_older_database_does_to_clients_what_operators_are_told(tmp_path: Path) -> None:
    """See "Back up" in docs/operate.md."""
    file, copy = tmp_path / "relay.db", tmp_path / "copy.db"
    async with relay(str(file)) as served, clients(served.uri) as peers:
        secured, deleted = [await peers.rest.queue("alice", None) for _ in range(2)]
        await peers.rest.send(secured, None, envelope("read since"))
        [message] = await peers.rest.list(secured, "alice")
        await served.stop()
        shutil.copy(file, copy)
        await served.start()
        uri = f"{secured.recipient_uri}/messages/{message.id}"
        assert (await peers.rest.ask("DELETE", uri, by="alice")).status == 200
        assert (await peers.rest.ask("DELETE", deleted.recipient_uri, by="alice")).status == 200
        body = rest.encode(rest.SecureQueue(key("bob").public))
        await peers.rest.ask("PUT", secured.recipient_uri, body, by="alice")
        assert (await peers.rest.send(secured, "bob", envelope("came since"))).status == 200
        made = await peers.rest.queue("alice", "bob")
        await served.stop()
        shutil.copy(copy, file)
        await served.start()
        assert (await peers.rest.send(made, "bob", envelope())).status == 401
        assert await peers.rest.list(deleted, "alice") == []
        assert await peers.rest.list(secured, "alice") == [message]
        assert (await peers.rest.send(secured, "bob", envelope())).status == 401
        assert (await peers.rest.send(secured, None, envelope())).status == 200
        await peers.rest.ask("PUT", secured.recipient_uri, body, by="alice")
        assert (await peers.rest.send(secured, "bob", envelope())).status == 200

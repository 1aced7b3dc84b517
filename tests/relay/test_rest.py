"""Requests and their answers, written down in ``transcripts/rest_*.txt``."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

import pytest
from tests.relay.conftest import Serving
from tests.relay.described import REST, agrees, operation
from tests.relay.http2 import Http2Rest, connected
from tests.relay.support import Answer, Clients, Rest, clients, envelope, key
from tests.relay.transcript import disk, lines_of, settings_of, transcripts
from yarl import URL

from graphchat.ids import Fingerprint
from graphchat.testing import TestRelay, relay
from graphchat.wire import limits, rest
from graphchat.wire.limits import INLINE, PAGE, XXL
from graphchat.wire.uri import RelayAddress
from graphchat_relay.store.sqlite import SqliteStore

SIZES: Final = {name: getattr(limits, name) for name in ("S", "M", "L", "XL", "XXL")}
LINE: Final = re.compile(
    r"(?:(?P<times>\d+) times )?(?P<who>\S+) (?P<options>(?:\S+[=-]\S* )*)"
    r"(?P<method>[A-Z]+) (?P<where>\S+)(?: (?P<body>.+?))? *-> (?P<expected>.*)"
)


class Transcript:
    """Plays a transcript, and remembers what its names stand for."""

    def __init__(self, served: TestRelay, asking: Rest) -> None:
        self.served = served
        self.rest = asking
        self.queue: rest.CreatedQueue | None = None
        self.ids: list[str] = []

    async def play(self, line: str) -> None:
        if line.startswith("disk "):
            await disk(self.served, line)
            return
        found = LINE.fullmatch(re.sub(" +", " ", line))
        assert found is not None, line
        for _ in range(int(found["times"] or 1)):
            answer = await self.ask(found)
            await self.note(answer, found)
            expected = found["expected"].strip()
            if expected.endswith("..."):
                assert self.shown(answer).startswith(expected[:-3]), line
            else:
                assert self.shown(answer) == expected, line

    async def ask(self, line: re.Match[str]) -> Answer:
        options: dict[str, object] = {"headers": {}}
        if line["who"] != "-":
            options["by"] = line["who"]
        for option in line["options"].split():
            name, _, value = option.partition("=")
            match name:
                case "late":
                    options["late"] = int(value)
                case "nonce":
                    options["nonce"] = value.rjust(21, "A") + "A"
                case "other-relay":
                    options["fingerprint"] = Fingerprint(bytes(16))
                case _:
                    options["headers"] = {name: value}
        body, method, uri = self.body(line["body"] or ""), line["method"], self.uri(line["where"])
        answer = await self.rest.ask(method, uri, body, **options)
        agrees(method, URL(uri, encoded=True).raw_path, answer)
        return answer

    def uri(self, where: str) -> str:
        base = self.rest.address.base
        name, slash, rest_of = where.partition("/")
        if self.queue is not None:
            names = {"RU": self.queue.recipient_uri, "SU": self.queue.sender_uri}
        else:
            names = {}
        names |= {
            "create": base,
            "nobody": f"{base}/{'A' * 24}",
            "short": f"{base}/short",
        }
        name, mark, query = name.partition("?")
        uri = names.get(name, base.removesuffix("/q") + f"/{name}") + mark + query
        for number in re.findall(r"(?<=messages/)\d|(?<=MessageId=)\d", rest_of):
            if len(self.ids) >= int(number):
                rest_of = rest_of.replace(number, self.ids[int(number) - 1], 1)
        return uri + slash + rest_of

    def body(self, text: str) -> bytes:
        if text in {"long", "huge"}:
            return b"x" * (1025 if text == "long" else limits.BODY + 1)
        name, mark, value = text.partition("=")
        if not mark or name.startswith("{"):
            return text.encode()
        if name == "msg":
            size = re.fullmatch(r"(\w+?)([+-]1)?", value)
            assert size is not None
            body = envelope(size=SIZES[size[1]] + int(size[2] or 0))
            return b'{"msg":"%s"}' % b64encode(body)
        return b'{"%s":"%s"}' % (name.encode(), b64encode(key(value).public))

    async def note(self, answer: Answer, line: re.Match[str]) -> None:
        if answer.status == 201:
            self.queue = rest.decode(rest.CreatedQueue, answer.body)
        if line["method"] == "POST" and answer.status == 200:
            assert self.queue is not None
            for message in await self.rest.list(self.queue, "alice"):
                if message.id not in self.ids:
                    self.ids.append(message.id)

    def shown(self, answer: Answer) -> str:
        """Return an answer as transcripts write it."""
        names = {size: name for name, size in SIZES.items()}
        if answer.body.startswith(b'{"messages"'):
            listed = rest.decode(rest.MessageList, answer.body).messages
            sizes = [names[m.size] if m.msg else f"({names[m.size]})" for m in listed]
            assert all(len(m.msg) == m.size for m in listed if m.size <= INLINE)
            return " ".join(["200", *sizes])
        if answer.body.startswith(b'{"id"'):
            message = rest.decode(rest.Message, answer.body)
            assert message.msg == envelope(size=message.size)
            return f"200 {names[message.size]}"
        if answer.status == 201:
            return "201 queue"
        return f"{answer.status} {answer.body.decode()}".strip()


@pytest.mark.parametrize("path", transcripts("rest"), ids=lambda path: path.stem)
async def test_transcript(path: Path, serving: Serving) -> None:
    async with serving(**settings_of(path)) as served, clients(served.uri) as peers:
        transcript = Transcript(served, peers.rest)
        for line in lines_of(path):
            await transcript.play(line)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("path", transcripts("rest"), ids=lambda path: path.stem)
async def test_transcript_over_http2(path: Path, tls: bool) -> None:  # noqa: FBT001 - a parameter
    settings: dict[str, Any] = {"store": "memory:", "tls_self_signed": tls} | settings_of(path)
    async with relay(**settings) as served:
        address = RelayAddress.parse(served.uri)
        async with connected(address.base) as connection:
            transcript = Transcript(served, Http2Rest(address, connection))
            for line in lines_of(path):
                await transcript.play(line)


def test_every_request_of_the_document_and_every_answer_is_in_a_transcript() -> None:
    names = {"RU": "/q/name", "SU": "/q/name", "create": "/q"}
    found = set()
    for line in [line for path in transcripts("rest") for line in lines_of(path)]:
        played = LINE.fullmatch(re.sub(" +", " ", line))
        if played is not None:
            name, slash, more = played["where"].partition("?")[0].partition("/")
            path = names.get(name, f"/{name}") + slash + more
            if asked := operation(played["method"], path):
                found.add((asked["operationId"], played["expected"].split()[0]))
    described = {
        (operation["operationId"], status)
        for methods in REST["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
    }
    # A body that takes a minute, and a head that is too long whatever it asks, are for
    # `test_server`; of the preflights one example is enough.
    lacking = {
        (name, status)
        for name, status in described - found
        if status not in {"408", "414", "431"} and not name.startswith("preflight")
    }
    assert lacking == set()
    assert {("preflightMessages", "204"), ("preflightMessages", "400")} <= found


async def test_every_answer_has_the_headers_of_the_protocol(peers: Clients) -> None:
    base = peers.address.base
    answers = [
        await peers.rest.ask("OPTIONS", base),
        await peers.rest.ask("GET", base),
        await peers.rest.ask("POST", base),
        await peers.rest.ask("POST", base, headers={"Cookie": "a=b"}),
        await peers.rest.ask("GET", f"{base}/x/messages", by="alice"),
        await peers.rest.ask("GET", base.removesuffix("/q") + "/elsewhere"),
    ]
    assert {answer.status for answer in answers} == {204, 405, 400, 401, 404}
    for answer in answers:
        assert answer.headers["Graph-Chat-Version"] == "1"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert not {"Server", "Date", "Set-Cookie"} & answer.headers.keys()
        challenge = "GraphChat" if answer.status == 401 else None
        assert answer.headers.get("WWW-Authenticate") == challenge
        methods = {405: "OPTIONS, POST"}.get(answer.status)
        assert answer.headers.get("Allow") == methods


async def test_a_long_queue_is_read_page_by_page(peers: Clients) -> None:
    queue = await peers.rest.queue("alice", "bob")
    for number in range(PAGE + 3):
        assert (await peers.rest.send(queue, "bob", envelope(str(number)))).status == 200
    uri = f"{queue.recipient_uri}/messages"
    first = rest.decode(rest.MessageList, (await peers.rest.ask("GET", uri, by="alice")).body)
    assert [m.msg for m in first.messages] == [envelope(str(n)) for n in range(PAGE)]
    uri += f"?fromMessageId={first.next_message_id}"
    second = rest.decode(rest.MessageList, (await peers.rest.ask("GET", uri, by="alice")).body)
    assert [m.msg for m in second.messages] == [envelope(str(PAGE + n)) for n in range(3)]
    assert second.next_message_id == ""
    assert len({m.id for m in (*first.messages, *second.messages)}) == PAGE + 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16}", m.id) for m in first.messages)


async def test_the_two_addresses_of_a_queue_are_unrelated(peers: Clients) -> None:
    queue = await peers.rest.create("alice")
    names = [
        uri.removeprefix(f"{peers.address.base}/")
        for uri in (queue.recipient_uri, queue.sender_uri)
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{24}", name) for name in names)
    assert names[0] != names[1]


@pytest.mark.parametrize("store", ["memory:", None])
async def test_a_private_relay_wants_a_token(store: str | None) -> None:
    async with relay(store, create_tokens=("tok-1", "tok-2")) as served:
        assert "tok" not in served.uri  # which of the two would it be?
        async with clients(served.uri) as peers:
            body = rest.encode(rest.CreateQueue(key("alice").public))
            base = peers.address.base
            answers = [
                await peers.rest.ask("POST", base + end, body, by="alice")
                for end in ("", "/tok", "/tok-1", "/tok-2")
            ]
            assert [answer.status for answer in answers] == [401, 401, 201, 201]
            created = rest.decode(rest.CreatedQueue, answers[-1].body)
            assert "tok" not in created.recipient_uri + created.sender_uri
            # The token says who may create, not who creates.
            assert (
                await peers.rest.ask("POST", f"{peers.address.base}/tok-1", body)
            ).status == 401


async def test_creation_has_a_rate() -> None:
    async with relay("memory:", creations_per_second=0.2) as served, clients(served.uri) as peers:
        body = rest.encode(rest.CreateQueue(key("alice").public))
        found = [
            await peers.rest.ask("POST", peers.address.base, body, by="alice") for _ in range(4)
        ]
        assert [answer.status for answer in found][:3] == [201, 201, 429]
        assert found[-1].json == {"error": "rate"}
        assert int(found[-1].headers["Retry-After"]) >= 1


async def test_a_public_url_is_what_queues_are_named_by() -> None:
    async with relay(
        "memory:", public_url="https://relay.example/chat/q", host="127.0.0.1"
    ) as served:
        assert served.uri.startswith("https://relay.example/chat/q#")


async def test_a_host_that_is_none_is_named(peers: Clients) -> None:
    body = rest.encode(rest.CreateQueue(key("alice").public))
    answer = await peers.rest.ask(
        "POST", peers.address.base, body, by="alice", headers={"Host": "a b"}
    )
    assert (answer.status, answer.json) == (400, {"error": "Host"})


async def test_a_full_disk_is_no_ok_and_passes() -> None:
    async with relay() as served, clients(served.uri) as peers:
        queue = await peers.rest.queue("alice", "bob")
        await pragma(served, "max_page_count = 1")
        answers = [await peers.rest.send(queue, "bob", envelope(str(n), XXL)) for n in range(3)]
        refused = [answer for answer in answers if answer.status != 200]
        assert {answer.status for answer in refused} == {503}
        assert refused[-1].json == {"error": "busy"}
        assert refused[-1].headers["Retry-After"] == "5"
        async with peers.http.get(f"{served.private_uri}/readyz") as probe:
            assert probe.status == 503
        await pragma(served, "max_page_count = 1000000")
        assert (await peers.rest.send(queue, "bob", envelope("again"))).status == 200
        async with peers.http.get(f"{served.private_uri}/readyz") as probe:
            assert probe.status == 200
        stored = await peers.rest.list(queue, "alice")
        assert len(stored) == 1 + len(answers) - len(refused), "what was refused is not there"


async def pragma(served: TestRelay, text: str) -> None:
    """Change how much room the relay's database has."""
    assert served._server is not None
    store = served._server._parts.running._store
    assert isinstance(store, SqliteStore)
    await store._connection.run(lambda db: db.execute(f"PRAGMA {text}").fetchone())

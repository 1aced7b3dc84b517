import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from graphchat.content import Edit
from graphchat_bots import Role
from graphchat_bots.examples.webhook import MOST_BYTES, RATE, bot
from graphchat_bots.testing.person import Person
from graphchat_bots.testing.world import World

PING = json.dumps({"repository": {"full_name": "ann/shop"}}).encode()


@pytest.fixture(autouse=True)
def _anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_LISTEN", "127.0.0.1:0")
    monkeypatch.delenv("WEBHOOK_URL", raising=False)


@dataclass
class Hook:
    url: str
    secret: str

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        async with (
            aiohttp.ClientSession() as http,
            http.post(self.url, data=BytesIO(body), headers=headers) as answer,
        ):
            return answer.status

    async def github(self, event: str, body: bytes, delivery: str = "1") -> int:
        signed = hmac.new(self.secret.encode(), body, sha256).hexdigest()
        headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery}
        return await self.post(body, {**headers, "X-Hub-Signature-256": f"sha256={signed}"})

    async def bearer(self, body: bytes, **headers: str) -> int:
        return await self.post(body, {"Authorization": f"Bearer {self.secret}", **headers})


async def admin(world: World) -> Person:
    ann = world.person("Ann")
    await ann.says(world.invite(Role.ADMIN))
    return ann


async def make(person: Person, kind: str) -> Hook:
    (text,) = await person.says(f"/hook {kind}")
    found = re.match(r"URL: (\S+)\nSecret: (\S+)\n", str(text))
    assert found is not None
    return Hook(found[1], found[2])


def test_nothing_is_wrong_with_it() -> None:
    assert bot.check() == []


async def test_only_admins_make_hooks(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        (answer,) = await world.person("Ben").says("/hook github")
        assert "URL" not in str(answer)
        ann = await admin(world)
        hook = await make(ann, "github")
        name = hook.url.rpartition("/")[2]
        assert await ann.says("/hooks") == [f"{name} (github)"]
        assert await ann.says("/unhook other") == [
            "This chat has no such hook. /hooks shows them."
        ]
        assert await ann.says(f"/unhook {name}") == ["It is gone."]
        assert await hook.github("ping", PING) == 401
        assert await ann.says("/hooks") == ["This chat has no hooks. Make one: /hook github"]


async def test_a_delivery_of_github_is_said_once(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = await admin(world)
        hook = await make(ann, "github")
        assert await hook.github("ping", PING) == 202
        assert await hook.github("ping", PING) == 202  # as after an answer that was lost
        assert await ann.hears() == ["ann/shop: this webhook works."]
        assert await hook.github("star", PING, "2") == 202
        assert await ann.hears() == []


async def test_what_was_answered_is_said_after_a_crash(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = await admin(world)
        hook = await make(ann, "github")
        assert await hook.github("ping", PING) == 202
        await world.crash()
        assert await ann.hears() == ["ann/shop: this webhook works."]


async def test_whoever_does_not_know_the_secret_is_refused(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = await admin(world)
        hook = await make(ann, "github")
        stranger = Hook(hook.url, "wrong")
        assert await stranger.github("ping", PING) == 401
        assert await stranger.bearer(PING) == 401
        assert await Hook(f"{hook.url}x", hook.secret).github("ping", PING) == 401
        note = await make(ann, "text")
        assert await Hook(note.url, "wrong").bearer(b'{"text": "hi"}') == 401
        assert await note.post(b'{"text": "hi"}', {}) == 401
        assert await note.post(b'{"text": "hi"}', {"Authorization": "Basic !"}) == 401
        assert await ann.hears() == []


async def test_notes_are_said(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = await admin(world)
        hook = await make(ann, "text")
        assert await hook.bearer(b'{"text": "backup done"}') == 202
        assert await ann.hears() == ["backup done"]
        for _ in range(2):
            assert await hook.bearer(b'{"text": "once"}', **{"Idempotency-Key": "k"}) == 202
        assert await ann.hears() == ["once"]
        assert await hook.bearer(b'{"text": 1}') == 400
        assert await hook.bearer(b"not JSON") == 400


async def test_too_much_is_refused(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = await admin(world)
        hook = await make(ann, "text")
        assert await hook.bearer(b"x" * (MOST_BYTES + 1)) == 413
        for _ in range(RATE.count):
            assert await hook.bearer(b"not JSON") == 400
        assert await hook.bearer(b'{"text": "too much"}') == 429
        assert await ann.hears() == []


def alert(status: str) -> bytes:
    labels = {"alertname": "DiskFull", "instance": "db1"}
    alerts = [{"status": status, "labels": labels, "annotations": {"summary": "95 %"}}]
    return json.dumps({"status": status, "groupKey": "{}:{a}", "alerts": alerts}).encode()


async def test_the_message_of_an_alert_is_edited_when_it_is_over(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = await admin(world)
        hook = await make(ann, "alerts")
        basic = b64encode(f"alertmanager:{hook.secret}".encode()).decode()
        for _ in range(2):
            assert await hook.post(alert("firing"), {"Authorization": f"Basic {basic}"}) == 202
        assert await ann.hears() == ["FIRING (1)\n- DiskFull db1 95 %"]
        await world.crash()
        hook.url = re.sub(r":\d+/", f":{await port(ann)}/", hook.url)
        assert await hook.bearer(alert("resolved")) == 202
        (edit,) = await ann.hears()
        assert isinstance(edit, Edit)
        assert edit.text == "Resolved\n- (resolved) DiskFull db1 95 %"


async def port(person: Person) -> str:
    found = re.search(r":(\d+)/", (await make(person, "text")).url)
    assert found is not None
    return found[1]

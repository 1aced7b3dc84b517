import re
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import pytest
from tests.relay.support import clients, envelope

from graphchat.testing import relay
from graphchat_relay.metrics import NAMES

DASHBOARD: Final = (Path(__file__).parents[2] / "deploy/grafana-relay.json").read_bytes()


async def get(uri: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(uri) as answer:
        return answer.status, await answer.text()


async def test_the_operator_sees_sums() -> None:
    async with relay() as served, clients(served.uri) as peers:
        queue = await peers.rest.queue("alice", "bob")
        assert (await peers.rest.send(queue, "bob", envelope())).status == 200
        talk = await peers.socket()
        assert await get(f"{served.private_uri}/livez") == (200, "ok\n")
        assert await get(f"{served.private_uri}/readyz") == (200, "ok\n")
        status, text = await get(f"{served.private_uri}/metrics")
        assert status == 200
        assert "graphchat_relay_created_total 1.0" in text
        assert "graphchat_relay_stored_total 1.0" in text
        assert "graphchat_relay_sockets 1.0" in text
        names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
        assert {f"graphchat_relay_{name}_total" for name in NAMES} <= names
        assert queue.sender_uri.rpartition("/")[2] not in text
        assert (await get(f"{served.private_uri}/q"))[0] == 404
        await talk.socket.close()


async def test_the_dashboard_shows_every_figure_and_no_other() -> None:
    board = msgspec.json.decode(DASHBOARD)
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"graphchat_relay_\w+", target["expr"])
    }
    async with relay("memory:") as served:
        _, text = await get(f"{served.private_uri}/metrics")
    assert asked == set(re.findall(r"^(graphchat_relay_\w+) ", text, re.MULTILINE))


async def test_a_relay_without_a_private_port_has_none() -> None:
    async with relay("memory:", private_port=None) as served:
        assert served.private_uri == ""


@pytest.mark.parametrize("path", ["livez", "readyz", "metrics"])
async def test_the_public_port_shows_none_of_it(path: str) -> None:
    async with relay("memory:") as served, clients(served.uri) as peers:
        base = peers.address.base.removesuffix("/q")
        assert (await get(f"{base}/{path}"))[0] == 404

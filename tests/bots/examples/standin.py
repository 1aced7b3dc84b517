"""A stand-in for an endpoint with a language model: a web server that says what a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web


def event(words: str) -> bytes:
    return b"data: %s\n\n" % json.dumps({"choices": [{"delta": {"content": words}}]}).encode()


DONE = b"data: [DONE]\n\n"


@dataclass
class Answer:
    """What is sent: each of ``parts`` leaves by itself."""

    parts: tuple[bytes, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    ending: Literal["whole", "break", "hang"] = "whole"
    """What becomes of the connection after the last part."""


def says(*words: str) -> Answer:
    return Answer((*map(event, words), DONE))


@dataclass
class StandIn:
    url: str = ""
    answers: list[Answer] = field(default_factory=list[Answer])
    """The next first; without any, the number of the question is said."""
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    keys: list[str] = field(default_factory=list[str])
    hanging: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        plan = self.answers.pop(0) if self.answers else says("answer ", f"{len(self.asked)}")
        response = web.StreamResponse(status=plan.status, headers=plan.headers)
        response.content_type = "text/event-stream"
        await response.prepare(request)
        for part in plan.parts:
            await response.write(part)
        if plan.ending == "hang":
            self.hanging.set()
            await asyncio.Event().wait()
        if plan.ending == "break":
            assert request.transport is not None
            request.transport.close()
        return response

    def contents(self) -> list[str]:
        """Return what the newest question consists of, without the prompt."""
        return [each["content"] for each in self.asked[-1]["messages"][1:]]


@asynccontextmanager
async def stand_in(*answers: Answer) -> AsyncIterator[StandIn]:
    made = StandIn(answers=list(answers))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", made.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield made
    finally:
        await runner.cleanup()

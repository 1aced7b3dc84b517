"""Says in chats what GitHub, Alertmanager or a script posts to an HTTP endpoint."""

import hmac
import os
import secrets
from base64 import b64decode
from collections.abc import AsyncIterator
from hashlib import sha256
from time import monotonic
from typing import Final, Literal

import msgspec
from aiohttp import web

from graphchat.errors import StateError
from graphchat_bots import Bot, Ctx, Inlet, Role, UserError, given
from graphchat_bots.examples.webhook_words import Alerts, GitHub, Note, alert_words, github_words
from graphchat_bots.rates import Limiter, Rate

bot = Bot("webhook", about="I tell you what your machines have to say. Admins: /hook github")

Kind = Literal["github", "alerts", "text"]

MOST_HOOKS: Final = 500
MOST_BYTES: Final = 2**20
MOST_GROUPS: Final = 100
RATE: Final = Rate.parse("60/min")


class Hook(msgspec.Struct):
    chat: str
    kind: Kind
    secret: str


@bot.state(scope="bot")
class Hooks(msgspec.Struct):
    """All of them, by the last part of their URL."""

    by_name: dict[str, Hook] = msgspec.field(default_factory=dict)


@bot.state(scope="chat")
class Shown(msgspec.Struct):
    """The messages of alerts that fire, by group: they are edited when that ends."""

    by_group: dict[str, bytes] = msgspec.field(default_factory=dict)


class Endpoint:
    """Answers a call only when what follows from it is on the bot's disk."""

    def __init__(self, inlet: Inlet) -> None:
        self._inlet: Final = inlet
        self._limiter: Final = Limiter()
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        hook = (await self._inlet.state(Hooks)).by_name.get(name)
        # GitHub signs the body, so that is read before anybody is known; its size is bounded.
        body = await request.read()
        if hook is None or not is_trusted(hook, request, body):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Bearer, Basic realm="hook"'})
        now = monotonic()
        if (
            refusal := self._limiter.take((name, ""), secrets.token_hex(8), RATE, now)
        ) is not None:
            raise web.HTTPTooManyRequests(headers={"Retry-After": f"{refusal.seconds:.0f}"})
        try:
            await self._post(hook, request, body)
        except msgspec.MsgspecError:
            raise web.HTTPBadRequest(text="This is not the JSON that this hook takes.\n") from None
        except UserError:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "60"}) from None
        except StateError:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"}) from None
        return web.Response(status=202)

    async def _post(self, hook: Hook, request: web.Request, body: bytes) -> None:
        # Whoever is not answered calls again: the same id, or the same body, is said once.
        once = f"{hook.kind} {sha256(body).hexdigest()}"
        match hook.kind:
            case "github":
                once = request.headers.get("X-GitHub-Delivery", once)
                event = request.headers.get("X-GitHub-Event", "")
                words = github_words(event, msgspec.json.decode(body, type=GitHub))
                if words is not None:
                    await self._inlet.post(hook.chat, once, tell, words)
            case "alerts":
                said = msgspec.json.decode(body, type=Alerts)
                words = alert_words(said)
                await self._inlet.post(hook.chat, once, show, words, said.group_key, said.status)
            case "text":
                # Two equal notes are two notes, unless the caller names them.
                once = request.headers.get("Idempotency-Key") or secrets.token_hex(16)
                note = msgspec.json.decode(body, type=Note)
                await self._inlet.post(hook.chat, once, tell, note.text[:10_000])


@bot.provide
async def endpoint(inlet: Inlet) -> AsyncIterator[Endpoint]:
    """Listen as long as the bot runs. TLS is the work of the proxy in front."""
    made = Endpoint(inlet)
    app = web.Application(client_max_size=MOST_BYTES)
    app.router.add_post("/hook/{name}", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        host, _, port = os.environ.get("WEBHOOK_LISTEN", "127.0.0.1:8080").rpartition(":")
        await web.TCPSite(runner, host, int(port)).start()
        host, port = runner.addresses[0][:2]
        made.url = os.environ.get("WEBHOOK_URL", f"http://{host}:{port}").rstrip("/")
        yield made
    finally:
        await runner.cleanup()


@bot.command(role=Role.ADMIN)
async def hook(ctx: Ctx, hooks: Hooks, server: Endpoint, kind: Kind) -> str:
    """Make a URL for github, alerts or text, whose messages come to this chat."""
    if len(hooks.by_name) >= MOST_HOOKS:
        raise UserError(f"There are {MOST_HOOKS} hooks already. End some: /unhook NAME")
    name, secret = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
    hooks.by_name[name] = Hook(ctx.chat, kind, secret)
    return f"URL: {server.url}/hook/{name}\nSecret: {secret}\n{HOW[kind]}"


@bot.command(role=Role.ADMIN)
async def hooks(ctx: Ctx, hooks: Hooks) -> str:
    """Show the hooks of this chat."""
    mine = [f"{n} ({each.kind})" for n, each in hooks.by_name.items() if each.chat == ctx.chat]
    return "\n".join(mine) or "This chat has no hooks. Make one: /hook github"


@bot.command(role=Role.ADMIN)
async def unhook(ctx: Ctx, hooks: Hooks, name: str) -> str:
    """End a hook of this chat."""
    if (found := hooks.by_name.get(name)) is None or found.chat != ctx.chat:
        raise UserError("This chat has no such hook. /hooks shows them.")
    del hooks.by_name[name]
    return "It is gone."


@bot.job
async def tell(ctx: Ctx, text: str) -> str:
    return text


@bot.job
async def show(ctx: Ctx, text: str, group: str, status: str, *, shown: Shown = given()) -> None:
    """Say how a group of alerts is now: in the message that it has, or in a new one."""
    known = shown.by_group.pop(group, None)
    if known is None:
        known = (await ctx.send(text)).id
    else:
        await ctx.sent(known).edit(text)
    if status == "firing":
        shown.by_group[group] = known
        while len(shown.by_group) > MOST_GROUPS:
            del shown.by_group[next(iter(shown.by_group))]


HOW: Final[dict[Kind, str]] = {
    "github": "In GitHub: Settings, Webhooks, content type application/json, and this secret.",
    "alerts": "In Alertmanager: webhook_configs, with the secret as authorization.credentials.",
    "text": 'Send {"text": "..."} with the header Authorization: Bearer SECRET.',
}


def is_trusted(hook: Hook, request: web.Request, body: bytes) -> bool:
    """Say whether the caller knows the secret. How long this takes says nothing about it."""
    secret = hook.secret.encode()
    if hook.kind == "github":
        signed = "sha256=" + hmac.new(secret, body, sha256).hexdigest()
        given_ = request.headers.get("X-Hub-Signature-256", "")
        return hmac.compare_digest(signed.encode(), given_.encode(errors="replace"))
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            value = b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(secret, value.strip().encode(errors="replace"))


if __name__ == "__main__":
    bot.run()

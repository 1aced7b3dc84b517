"""What schemathesis is told of the relay that it tries: its keys, and real queues.

Schemathesis loads it in a process of its own. What a strategy draws may be gone when it is used:
so strategies draw stand-ins, and what is there takes their place when the request is made.
"""

import os
from base64 import b64decode, b64encode
from typing import Any, Final

import msgspec
import requests
import schemathesis
from hypothesis import strategies
from requests.auth import AuthBase
from schemathesis.auths import GLOBAL_AUTH_STORAGE

from graphchat.clock import SystemClock
from graphchat.crypto.keys import SigningKey
from graphchat.wire.limits import SIZES
from graphchat.wire.signing import Authorization, new_nonce, request_bytes
from graphchat.wire.uri import RelayAddress
from graphchat_relay.description import worked

CLOCK: Final = SystemClock()
RELAY: Final = RelayAddress.parse(os.environ["GRAPHCHAT_RELAY_URI"])
PATIENCE: Final = 20.0
# Those of the examples in the document, so that these are requests like all others.
ALICE, BOB = worked.key("recipient"), worked.key("sender")
KEYS: Final = {key.public: key for key in (ALICE, BOB)}
# Stand-ins have the form of what they stand for: 24 and 16 characters.
OPEN: Final = [f"open-{n}".ljust(24, "-") for n in range(2)]
SECURED: Final = [f"secured-{n}".ljust(24, "-") for n in range(3)]
OLDEST: Final = "oldest".ljust(16, "-")
FORMATS: Final = {
    "RecipientId": "queue",
    "SenderId": "queue",
    "MessageId": "message",
    "DeletedId": "message",
    "Token": "token",
}
"""What the parameters of the document stand for."""


def text(data: bytes) -> str:
    return b64encode(data).decode()


def name_of(uri: str) -> str:
    return uri.rpartition("/")[2]


class Known:
    """Who made which queue, and may send to it."""

    def __init__(self) -> None:
        self.recipients: dict[str, SigningKey] = {}
        self.senders: dict[str, SigningKey] = {}
        self.sender_of: dict[str, str] = {}
        """By the id for the recipient, that for the sender."""

    def created(self, made: dict[str, str], key: SigningKey) -> None:
        recipient, sender = map(name_of, (made["recipientURI"], made["senderURI"]))
        self.recipients[recipient] = key
        self.sender_of[recipient] = sender

    def secured(self, recipient: str, public: str) -> None:
        self.senders[self.sender_of[recipient]] = KEYS[b64decode(public)]


class Signer(AuthBase):
    """Signs each request, at the last moment, with the key that may make it."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        key = self._key(request)
        if key is not None:
            body = request.body or b""
            assert isinstance(body, str | bytes)
            data = body.encode() if isinstance(body, str) else body
            ts, nonce, target = int(CLOCK.now()), new_nonce(CLOCK), request.path_url
            method = request.method or ""
            signed = request_bytes(method, RELAY.fingerprint, target, ts, nonce, data)
            request.headers["Authorization"] = Authorization(ts, nonce, key.sign(signed)).header
        return request

    def _key(self, request: requests.PreparedRequest) -> SigningKey | None:
        name, *more = request.path_url.partition("?")[0].split("/")[2:] or [""]
        if request.method != "POST":
            return self._known.recipients.get(name, ALICE)
        return self._known.senders.get(name) if more else creator(request.body)


def creator(body: Any) -> SigningKey:
    """Return the key that is named by the body of a creation."""
    try:
        public = b64decode(msgspec.json.decode(body)["recipient"], validate=True)
    except (TypeError, ValueError, LookupError, msgspec.DecodeError):
        return ALICE
    return KEYS.get(public, ALICE)


KNOWN: Final = Known()
SIGNER: Final = Signer(KNOWN)


def ask(method: str, uri: str, **body: str) -> Any:
    """Make a request that must succeed."""
    answer = requests.request(method, uri, json=body or None, auth=SIGNER, timeout=PATIENCE)
    answer.raise_for_status()
    return answer.json()


def fill(sender_uri: str) -> None:
    """Put a message into a queue, so that there is one to be listed."""
    ask("POST", f"{sender_uri}/messages", msg=text(bytes(SIZES[0])))


class Queue:
    """A real queue, with a message in it."""

    def __init__(self, *, secured: bool) -> None:
        made = ask("POST", RELAY.create_uri, recipient=text(ALICE.public))
        KNOWN.created(made, ALICE)
        self.recipient, self.sender = made["recipientURI"], made["senderURI"]
        if secured:
            ask("PUT", self.recipient, sender=text(BOB.public))
            KNOWN.secured(name_of(self.recipient), text(BOB.public))
        fill(self.sender)

    def oldest(self) -> str | None:
        """Return the id of the oldest message; None if the queue is gone, or empty."""
        answer = requests.get(f"{self.recipient}/messages", auth=SIGNER, timeout=PATIENCE)
        messages = answer.json()["messages"] if answer.status_code == 200 else []
        return messages[0]["id"] if messages else None


QUEUES: Final[dict[str, Queue]] = {}
TOKEN: Final = "" if RELAY.token is None else RELAY.token.reveal().decode()

GLOBAL_AUTH_STORAGE.set_from_requests(SIGNER)
for kind, values in {
    "key": [text(public) for public in KEYS],
    "queue": [*OPEN, *SECURED],
    "message": [OLDEST],
    "token": [TOKEN],
    "envelope": [text(bytes(size)) for size in SIZES[:2]],
}.items():
    schemathesis.openapi.format(kind, strategies.sampled_from(values))


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: Any) -> None:
    """Let values be drawn that mean something to this relay."""
    schemas = raw_schema["components"]["schemas"]
    schemas["CreateQueue"]["properties"]["recipient"]["format"] = "key"
    # A key that is set is never replaced: any other is refused.
    schemas["SecureQueue"]["properties"]["sender"] = {"const": text(BOB.public)}
    schemas["SendMessage"]["properties"]["msg"]["format"] = "envelope"
    for name, kind in FORMATS.items():
        parameter = raw_schema["components"]["parameters"][name]
        parameter["schema"]["format"] = kind
        parameter.pop("example", None)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Put what is there in the place of stand-ins."""
    places = case.path_parameters or {}
    name = places.get("name")
    if name not in {*OPEN, *SECURED}:
        return
    queue = QUEUES.get(name)
    if queue is None or queue.oldest() is None:
        queue = QUEUES[name] = Queue(secured=name in SECURED)
    sends = case.operation.definition.raw.get("operationId") == "sendMessage"
    places["name"] = name_of(queue.sender if sends else queue.recipient)
    if places.get("id") == OLDEST:
        places["id"] = queue.oldest()


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Remember whose queue it is."""
    if response.status_code == 201:
        made = response.json()
        KNOWN.created(made, creator(response.request.body))
        fill(made["senderURI"])
    elif case.method == "PUT" and response.status_code == 200:
        public = msgspec.json.decode(response.request.body)["sender"]
        KNOWN.secured(case.path_parameters["name"], public)

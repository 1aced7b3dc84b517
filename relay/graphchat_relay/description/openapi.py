"""OpenAPI 3.1 of the REST API (docs/protocol.md, section 4)."""

from typing import Any, Final

from graphchat.wire import rest
from graphchat.wire.limits import BODY, CLOCK_SKEW, NONCE_MEMORY, PAGE, SIZES
from graphchat.wire.uri import DEFAULT_PATH
from graphchat_relay.description import worked
from graphchat_relay.description.schemas import (
    COMPONENTS,
    MESSAGE_ID,
    QUEUE_ID,
    Schema,
    components,
)
from graphchat_relay.gate import HEADERS, PREFLIGHT
from graphchat_relay.rest import CHALLENGE, SMALL

JSON: Final = "application/json"
HEADER: Final = r"^GraphChat ts=[0-9]{1,12},nonce=[A-Za-z0-9_-]{22},sig=[A-Za-z0-9_-]{86}$"
BODIES: Final = (
    rest.CreateQueue,
    rest.CreatedQueue,
    rest.SecureQueue,
    rest.SendMessage,
    rest.Message,
    rest.MessageList,
    rest.Refusal,
)
TEXT: Final = f"""\
What clients ask a relay of graph-chat/1 by HTTP. The whole protocol is docs/protocol.md; this is \
its section 4, made from the code of the relay.

A relay may live under another path than `{DEFAULT_PATH}`: the create URI that people exchange \
says it. The URIs of a queue come whole from its creation; only their last part stands in the \
paths here.

Every 401 is the same in status, headers and body, and takes the same time, whatever was wrong. \
Bodies are at most {SMALL} bytes, {BODY} where they carry an envelope; longer ones are a 400. A \
request with a cookie is a 400. What is no HTTP, or has longer headers than the 16 KiB that \
are always taken, is answered with a bare 400, 431 or 501 before the relay sees it."""


# What has nothing to do with what is asked.
LATE: Final = ("408", "414", "431")


def document() -> Schema:
    """Return the whole description, as JSON has it."""
    _, schemas = components(*BODIES)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "A relay of graph-chat/1",
            "version": "1",
            "summary": "Queues, and the envelopes in them.",
            "description": TEXT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {
                "url": "https://{host}",
                "variables": {"host": {"default": "relay.example"}},
            }
        ],
        "security": [{"GraphChat": []}],
        "tags": [
            {"name": "recipient", "description": "Signed by the key that made the queue."},
            {"name": "sender", "description": "Signed by the key that the recipient has set."},
        ],
        "paths": _paths(),
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "responses": _responses(),
            "headers": _headers(),
            "parameters": _parameters(),
            "securitySchemes": {"GraphChat": _scheme()},
        },
    }


def _paths() -> Schema:
    queue, message = f"{DEFAULT_PATH}/{{name}}", f"{DEFAULT_PATH}/{{name}}/messages/{{id}}"
    listed = f"{DEFAULT_PATH}/{{name}}/messages"
    return {
        DEFAULT_PATH: {"options": _preflight("create"), "post": _create("createQueue")},
        queue: {
            "options": _preflight("queue", "AnyName"),
            "post": _create("createQueueByToken", "Token"),
            "put": _operation(
                "secureQueue",
                "Name the key of the one sender. Again with the same key: OK, too.",
                "RecipientId",
                body=rest.SecureQueue,
                example={"sender": worked.base64(worked.key("sender").public)},
            ),
            "delete": _operation(
                "deleteQueue", "Delete the queue and everything in it.", "RecipientId"
            ),
        },
        listed: {
            "options": _preflight("messages", "AnyName"),
            "get": _operation(
                "listMessages",
                f"List at most {PAGE} messages, oldest first.",
                *("RecipientId", "FromMessageId"),
                answer=rest.MessageList,
                links=_pages(),
            ),
            "post": _send(),
        },
        message: {
            "options": _preflight("message", "AnyName", "AnyId"),
            "get": _operation(
                "getMessage",
                "Fetch one message with its body, whatever its size.",
                *("RecipientId", "MessageId"),
                answer=rest.Message,
            ),
            "delete": _operation(
                "deleteMessage",
                "Delete a message; OK, too, if it is not there.",
                *("RecipientId", "DeletedId"),
            ),
        },
    }


def _operation(  # noqa: PLR0913 - the parts that operations differ in
    name: str,
    summary: str,
    *parameters: str,
    body: type[Any] | None = None,
    answer: type[Any] | None = None,
    example: Schema | None = None,
    links: Schema | None = None,
) -> Schema:
    """Describe what the recipient of a queue may ask."""
    done: Schema = {"const": "OK"} if answer is None else _ref(answer)
    if answer is rest.Message:
        done = {"allOf": [done, {"required": ["msg"]}]}
    found = {
        "operationId": name,
        "summary": summary,
        "tags": ["recipient"],
        "parameters": [{"$ref": f"#/components/parameters/{place}"} for place in parameters],
        "responses": {
            "200": _response("It is done.", done) | ({"links": links} if links else {}),
            **_failures("400", "401", *(["404"] if parameters else []), *LATE, "503"),
        },
    }
    if body is not None:
        found["requestBody"] = _body(body, example)
    return found


def _create(name: str, *parameters: str) -> Schema:
    """Describe how a queue is made, on a public relay or by a token."""
    example = {"recipient": worked.base64(worked.key("recipient").public)}
    found = _operation(
        name,
        "Create a queue; signed by the key in the body.",
        *parameters,
        body=rest.CreateQueue,
        example=example,
    )
    made = _response("It is there.", _ref(rest.CreatedQueue)) | {"links": _links()}
    made["content"][JSON]["example"] = {
        "recipientURI": f"{worked.BASE}/{worked.RECIPIENT_ID}",
        "senderURI": f"{worked.BASE}/{worked.SENDER_ID}",
    }
    del found["responses"]["200"]
    found["responses"] = {"201": made, **found["responses"], **_failures("429")}
    return found


def _send() -> Schema:
    """Describe how an envelope gets into a queue."""
    found = _operation(
        "sendMessage",
        "Put an envelope into the queue. OK: it is on disk, or its recipient has deleted it.",
        "SenderId",
        body=rest.SendMessage,
    )
    found["tags"] = ["sender"]
    found["description"] = (
        "Signed by the sender; without any signature while the queue is open. The same nonce and"
        f" body within {NONCE_MEMORY} seconds are the same request, stored once."
        f" An envelope has {', '.join(f'{size:,}' for size in SIZES)} bytes."
    )
    found["security"] = [{"GraphChat": []}, {}]
    found["responses"] |= _failures("429")
    return found


def _preflight(name: str, *parameters: str) -> Schema:
    """Describe what a browser asks first."""
    shown = {_title(key): {"schema": {"const": value}} for key, value in _texts(PREFLIGHT)}
    return {
        "operationId": f"preflight{name.capitalize()}",
        "summary": "Tell a browser that it may ask (CORS), whether the queue exists or not.",
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{place}"} for place in parameters],
        "responses": {
            "204": {"description": "It may.", "headers": _common() | shown},
            **_failures("400", "414", "431"),
        },
    }


def _links() -> Schema:
    """Say which requests a new queue is for. What stands behind ``#regex:`` is an extension."""
    recipient, sender = (
        rf"$response.body#/{uri}#regex:/([^/]+)$" for uri in ("recipientURI", "senderURI")
    )
    mine = ("secureQueue", "listMessages", "deleteQueue")
    return {
        name: {"operationId": name, "parameters": {"path.name": recipient}} for name in mine
    } | {"sendMessage": {"operationId": "sendMessage", "parameters": {"path.name": sender}}}


def _pages() -> Schema:
    """Say which requests a list is for."""
    name = {"path.name": "$request.path.name"}
    first = name | {"path.id": "$response.body#/messages/0/id"}
    following = name | {"query.fromMessageId": "$response.body#/nextMessageID"}
    return {
        "getMessage": {"operationId": "getMessage", "parameters": first},
        "deleteMessage": {"operationId": "deleteMessage", "parameters": first},
        "nextPage": {"operationId": "listMessages", "parameters": following},
    }


def _ref(kind: type[Any]) -> Schema:
    return {"$ref": COMPONENTS + kind.__name__}


def _body(kind: type[Any], example: Schema | None) -> Schema:
    content: Schema = {"schema": _ref(kind)}
    if example is not None:
        content["example"] = example
    return {"required": True, "content": {JSON: content}}


def _response(text: str, schema: Schema) -> Schema:
    return {"description": text, "headers": _common(), "content": {JSON: {"schema": schema}}}


def _failures(*codes: str) -> Schema:
    return {code: {"$ref": f"#/components/responses/{code}"} for code in codes}


def _responses() -> Schema:
    refusal = _ref(rest.Refusal)
    busy = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    later = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    found = {
        "400": _response(
            "Not understood. `error` is an RFC 6901 pointer to the first bad property or"
            " parameter, empty for the whole; or `Cookie` or `Host`, which is wrong then.",
            refusal,
        ),
        "401": _response("Everything else that is wrong.", {"const": "Unauthorized"}),
        "404": _response("No such endpoint, by the path alone.", {"const": "Not Found"}),
        "408": _response("The body did not come in time.", {"const": "Request Timeout"}),
        "414": _response("The path with its query is too long.", refusal),
        "431": _response("The headers are too long.", refusal),
        "429": _response(
            "`Quota`: the queue is full, until its recipient deletes something. An object: too"
            " much is asked of the relay; `Retry-After` seconds say when to come back.",
            {"anyOf": [{"const": "Quota"}, busy]},
        ),
        "503": _response("The relay cannot now: come back.", busy),
    }
    challenge = {"required": True, "schema": {"const": CHALLENGE}}
    found["401"]["headers"]["WWW-Authenticate"] = challenge
    found["503"]["headers"] |= {"Retry-After": _retry_after() | {"required": True}}
    found["429"]["headers"] |= later
    return found


def _texts(headers: tuple[tuple[bytes, bytes], ...]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in headers]


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _common() -> Schema:
    """Return the headers that every answer has."""
    names = (_title(name) for name, _ in _texts(HEADERS))
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _headers() -> Schema:
    found: Schema = {
        _title(name): {"required": True, "schema": {"type": "string", "const": value}}
        for name, value in _texts(HEADERS)
    }
    return found | {"Retry-After": _retry_after()}


def _retry_after() -> Schema:
    return {
        "description": "Seconds (RFC 9110, 10.2.3).",
        "schema": {"type": "integer", "minimum": 1},
    }


def _parameters() -> Schema:
    recipient, sender = {"pattern": QUEUE_ID}, {"pattern": QUEUE_ID}
    return {
        "RecipientId": _path("name", "The last part of the recipient URI.", recipient)
        | {"example": worked.RECIPIENT_ID},
        "SenderId": _path("name", "The last part of the sender URI.", sender)
        | {"example": worked.SENDER_ID},
        "Token": _path(
            "name",
            "A secret word of the relay's operator, who lets its holders create queues.",
            {"pattern": "^[A-Za-z0-9_-]{1,128}$"},
        ),
        "AnyName": _path("name", "Whatever the request behind it names.", {"minLength": 1}),
        "AnyId": _path("id", "Whatever the request behind it names.", {"minLength": 1}),
        "MessageId": _path("id", "The id of a message.", {"pattern": MESSAGE_ID})
        | {"example": worked.MESSAGE_ID},
        "DeletedId": _path("id", "The id of a message, or any other text.", {"minLength": 1})
        | {"example": worked.MESSAGE_ID},
        "FromMessageId": {
            "name": "fromMessageId",
            "in": "query",
            "required": False,
            "description": "Begin with this message; with the oldest, if it is not there.",
            "schema": {"type": "string", "minLength": 1},
        },
    }


def _path(name: str, text: str, schema: Schema) -> Schema:
    shape = {"type": "string"} | schema
    return {"name": name, "in": "path", "required": True, "description": text, "schema": shape}


def _scheme() -> Schema:
    example = worked.request()
    lines = "\n".join(f"    {line}" for line in example.signed.split("\n"))
    return {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": (
            "`GraphChat ts=<ts>,nonce=<nonce>,sig=<sig>`, in this order and without spaces"
            f" (`{HEADER}`): `ts` in seconds since 1970-01-01 UTC, at most {CLOCK_SKEW} from the"
            " relay's time; `nonce` 16 random bytes, `sig` 64 bytes, both in base64url without"
            " padding. The signature is Ed25519 over seven lines, joined by one byte 0x0A,"
            " without one at the end: `graph-chat/1`; the method; the fingerprint of the relay"
            " (the first 16 bytes of the SHA-256 of its public key, in base64url); path and"
            " query as sent; `ts`; `nonce`; the SHA-256 of the body, in base64url.\n\n"
            "An example. The seeds of the keys are the SHA-256 of `graph-chat/1 example relay`,"
            " `... recipient` and `... sender`. `PUT` of"
            f' `{{"sender":"{worked.base64(worked.key("sender").public)}"}}` signs\n\n'
            f"{lines}\n\nand sends\n\n    Authorization: {example.result}"
        ),
        "x-pattern": HEADER,
    }

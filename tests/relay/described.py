"""What the documents of a relay say of its answers and objects, to compare with what it does."""

import re
from functools import cache
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator
from tests.relay.support import Answer

from graphchat.wire.frames import encode_text
from graphchat.wire.socket import ClientObject, ServerObject
from graphchat_relay.description import asyncapi, openapi

REST: Final = openapi.document()
SOCKET: Final = asyncapi.document()
TEMPLATES: Final = {
    path: re.compile(
        re.sub(r"\{\w+\}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))
    )
    for path in REST["paths"]
}


@cache
def _validator(kind: str) -> Draft202012Validator:
    schema = SOCKET["components"]["schemas"][kind]
    return Draft202012Validator({"components": SOCKET["components"], **schema})


def agree(found: ClientObject | ServerObject) -> None:
    """Assert that a socket object is as the document has it."""
    body = msgspec.json.decode(encode_text([found]))
    errors = [error.message[:300] for error in _validator(type(found).__name__).iter_errors(body)]
    assert errors == [], found


def operation(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation that the document has for a request; None if it has none."""
    for template, pattern in TEMPLATES.items():
        if pattern.fullmatch(path):
            found: dict[str, Any] | None = REST["paths"][template].get(method.lower())
            return found
    return None


def agrees(method: str, path: str, answer: Answer) -> None:
    """Assert that the answer to a request is as the document has it."""
    asked = operation(method, path)
    if asked is None:
        assert answer.status in {400, 404, 405}, "what is not in the document is not there"
        return
    described = asked["responses"][str(answer.status)]
    if "$ref" in described:
        described = REST["components"]["responses"][described["$ref"].rpartition("/")[2]]
    for name, header in described["headers"].items():
        where = header.get("$ref", "").rpartition("/")[2]
        known = REST["components"]["headers"][where] if where else header
        if known.get("required") or name in answer.headers:
            Draft202012Validator(known["schema"]).validate(_typed(answer.headers[name], known))
    if "content" in described:
        content = described["content"][answer.headers["Content-Type"]]
        schema = {"components": REST["components"], **content["schema"]}
        Draft202012Validator(schema).validate(answer.json)
    else:
        assert answer.body == b""


def _typed(text: str, header: dict[str, Any]) -> str | int:
    return int(text) if header["schema"].get("type") == "integer" else text

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from graphchat_relay.description import asyncapi

DOCUMENT = asyncapi.document()
SCHEMA = json.loads(Path(__file__).with_name("asyncapi-3.0.0.schema.json").read_text("utf-8"))


def references(found: Any) -> Iterator[str]:
    match found:
        case {"$ref": target}:
            yield target
        case dict():
            for value in found.values():
                yield from references(value)
        case list():
            for value in found:
                yield from references(value)
        case _:
            pass


def at(pointer: str) -> Any:
    found: Any = DOCUMENT
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_it_is_asyncapi() -> None:
    validator = Draft7Validator(SCHEMA)
    assert [error.message[:300] for error in validator.iter_errors(DOCUMENT)] == []
    broken = DOCUMENT | {"channels": {"socket": {"messages": {"Send": 5}}}}
    assert not validator.is_valid(broken)


def test_all_that_is_referred_to_is_there() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 50
    assert all(at(pointer) is not None for pointer in found)


def test_every_object_is_asked_answered_or_said() -> None:
    used = set()
    for operation in DOCUMENT["operations"].values():
        places = operation["messages"] + operation.get("reply", {}).get("messages", [])
        used |= {place["$ref"].rpartition("/")[2] for place in places}
    assert used == DOCUMENT["components"]["messages"].keys()


def test_examples_are_as_their_schemas_say() -> None:
    found = 0
    for message in DOCUMENT["components"]["messages"].values():
        schema = {"components": DOCUMENT["components"], **message["payload"]}
        for example in message.get("examples", []):
            Draft202012Validator(schema).validate(example["payload"])
            found += 1
    assert found == len(asyncapi.EXAMPLES)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ({"ok": True}, True),
        ({"ok": False, "error": "quota"}, True),
        ({"ok": False}, False),
        ({"ok": True, "error": "quota"}, False),
        ({"ok": False, "error": "tired"}, False),
    ],
)
def test_an_answer_has_a_reason_exactly_if_it_is_not_ok(
    answer: dict[str, Any], *, right: bool
) -> None:
    validator = Draft202012Validator(DOCUMENT["components"]["schemas"]["Sent"])
    assert validator.is_valid({"type": "send", "id": "1", **answer}) == right

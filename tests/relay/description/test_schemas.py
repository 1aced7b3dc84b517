from base64 import b64encode
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator

from graphchat.wire import rest
from graphchat.wire.codec import InvalidObjectError
from graphchat.wire.limits import SIZES
from graphchat.wire.socket import ClientObject, ServerObject
from graphchat_relay.description.schemas import base64_pattern, components

KINDS = (*get_args(rest.Body), *get_args(ClientObject), *get_args(ServerObject))
SCHEMAS = components(*KINDS)[1]


def allows(kind: type[Any], body: object) -> bool:
    schema = {"components": {"schemas": SCHEMAS}, **SCHEMAS[kind.__name__]}
    return Draft202012Validator(schema).is_valid(body)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_schema_is_one_and_names_what_the_struct_has(kind: type[Any]) -> None:
    schema = SCHEMAS[kind.__name__]
    Draft202012Validator.check_schema(schema)
    names = set(kind.__struct_encode_fields__)
    if kind.__struct_config__.tag:
        names.add("type")
    assert schema["properties"].keys() == names
    assert "default" not in str(schema["properties"].values())
    assert schema["description"]


@given(size=st.integers(0, 100), data=st.data())
def test_bytes_of_a_length_have_its_pattern_and_others_have_not(
    size: int, data: st.DataObject
) -> None:
    found = data.draw(st.binary(max_size=100))
    fits = Draft202012Validator({"pattern": base64_pattern(size)}).is_valid(
        b64encode(found).decode()
    )
    assert fits == (len(found) == size)


@given(
    st.dictionaries(
        st.sampled_from(["recipient", "sender", "other"]),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(max_size=3),
            st.binary(min_size=30, max_size=34).map(lambda key: b64encode(key).decode()),
            # Of the right length, but perhaps no base64.
            st.text("Aa0+/-=", min_size=44, max_size=44),
        ),
    )
)
def test_a_body_with_a_key_is_read_exactly_if_its_schema_allows_it(body: dict[str, Any]) -> None:
    for kind in (rest.CreateQueue, rest.SecureQueue):
        try:
            rest.decode(kind, msgspec.json.encode(body))
        except InvalidObjectError:
            assert not allows(kind, body)
        else:
            assert allows(kind, body)


def test_an_envelope_has_a_size_class() -> None:
    for size in (0, 1, *SIZES, *(size + 1 for size in SIZES), *(size - 3 for size in SIZES)):
        body = {"msg": b64encode(bytes(size)).decode()}
        assert allows(rest.SendMessage, body) == (size in SIZES)

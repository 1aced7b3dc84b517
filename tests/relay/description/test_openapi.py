import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from graphchat.clock import SystemClock
from graphchat_relay.description import openapi, worked
from graphchat_relay.rest import Rest
from graphchat_relay.site import Site

DOCUMENT = openapi.document()
METHODS = ("get", "put", "post", "delete")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_openapi() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_it_has_every_endpoint_and_no_other() -> None:
    def never() -> Any:
        raise AssertionError

    rest = Rest(never, Site(b"", "/q", None, None), SystemClock())
    served = {
        (route.path, method.lower())
        for route in rest.routes()
        for method in {*(route.methods or ()), "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations()} == served


def test_examples_are_as_their_schemas_say() -> None:
    found = 0
    for _, _, operation in operations():
        places = [operation.get("requestBody", {}), *operation["responses"].values()]
        for place in places:
            content = place.get("content", {}).get("application/json", {})
            if "example" in content:
                schema = {"components": DOCUMENT["components"], **content["schema"]}
                Draft202012Validator(schema).validate(content["example"])
                found += 1
    for parameter in DOCUMENT["components"]["parameters"].values():
        if "example" in parameter:
            Draft202012Validator(parameter["schema"]).validate(parameter["example"])
            found += 1
    assert found == 9


def test_the_signature_is_described_with_an_example_of_it() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["GraphChat"]
    example = worked.request()
    assert re.fullmatch(scheme["x-pattern"], example.result)
    assert example.result in scheme["description"]
    assert all(f"    {line}\n" in scheme["description"] for line in example.signed.split("\n"))


def test_a_link_leads_to_the_queue_that_was_made() -> None:
    pattern = re.compile(r"#regex:(.*)$")
    links = DOCUMENT["paths"]["/q"]["post"]["responses"]["201"]["links"]
    found = [pattern.search(link["parameters"]["path.name"]) for link in links.values()]
    for expression in found:
        assert expression is not None
        name = re.search(expression[1], f"{worked.BASE}/{worked.RECIPIENT_ID}")
        assert name is not None
        assert name[1] == worked.RECIPIENT_ID

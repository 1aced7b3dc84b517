from pathlib import Path

import msgspec
import pytest
from tests.sdk.core.proof.cases import proof

from graphchat.core.proof import bundle as form
from graphchat.core.proof.bundle import FlawError


def test_a_file_comes_back_as_it_was() -> None:
    data = proof()
    assert form.encode(form.decode(data)) == data


def test_the_note_is_that_of_the_document() -> None:
    document = Path(__file__).parents[4].joinpath("docs/protocol.md").read_text()
    assert f"\n    {form.NOTE}\n" in document


def test_a_file_begins_with_what_it_is() -> None:
    head = proof().decode("ascii").split("\n")[:4]
    assert head[1:3] == [' "format": "graphchat proof",', ' "version": 1,']
    assert "graphchat proof verify" in head[3]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"format": "other"}, "format"),
        ({"version": 2}, "format"),
        ({"note": "Believe everything."}, "note"),
        ({"made_ms": -1}, "made_ms"),
        ({"made_ms": 2**54}, "made_ms"),
    ],
)
def test_constants_and_limits_are_kept(changes: dict[str, object], where: str) -> None:
    changed = msgspec.structs.replace(form.decode(proof()), **changes)
    with pytest.raises(FlawError) as caught:
        form.decode(form.encode(changed))
    assert caught.value.where == where


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"a":', b"[" * 100_000, b'{"format": "\xff"}'],
)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(FlawError):
        form.decode(data)


def test_a_file_beyond_the_limit_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    data = proof()
    monkeypatch.setattr(form, "MAX_SIZE", len(data) - 1)
    with pytest.raises(FlawError, match="larger"):
        form.decode(data)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(FlawError, match="unknown field"):
        form.decode(proof().replace(b'"made_ms"', b'"more": 1,\n "made_ms"'))

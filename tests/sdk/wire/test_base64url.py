from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, strategies as st

from graphchat.errors import RemoteProtocolError
from graphchat.wire.base64url import from_text, to_text


@given(st.binary(max_size=100))
def test_every_value_comes_back(data: bytes) -> None:
    text = to_text(data)
    assert text == urlsafe_b64encode(data).decode().rstrip("=")
    assert from_text(text, len(data)) == data


@given(st.text(), st.integers(0, 64))
def test_a_value_has_one_spelling(text: str, size: int) -> None:
    try:
        data = from_text(text, size)
    except RemoteProtocolError:
        return
    assert to_text(data) == text
    assert len(data) == size


@pytest.mark.parametrize("text", ["AB", "A", "AAA", "A=", "A ", "+A", "é\u0660"])
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        from_text(text, 1)

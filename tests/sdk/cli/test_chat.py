import sys

import pytest
from tests.sdk.cli.people import Pair


def test_a_chat_needs_a_terminal(pair: Pair) -> None:
    alice, _ = pair
    assert alice.refused("chat", "Bob").startswith("A chat needs a terminal.")


def test_without_its_library_a_chat_says_what_to_install(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = pair
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setitem(sys.modules, "graphchat.cli.screen", None)
    assert "graphchat[tui]" in alice.refused("chat", "Bob")

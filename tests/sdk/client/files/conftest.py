"""What all tests of files have: receipts at once, and no pauses between tries."""

import pytest

from graphchat.client.files import fetching, filling


@pytest.fixture(autouse=True)
def no_pauses(quick_receipts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "AGAIN", (0.01, 0.01))
    monkeypatch.setattr(fetching, "AGAIN", (0.01,))

from dataclasses import fields
from pathlib import Path
from typing import Final

from tests.reference import page

import graphchat_bots
from graphchat_bots.limits import Limits

WRITTEN: Final = Path(__file__).parent.parent / "docs" / "bots" / "reference.md"


def test_the_page_is_that_of_today() -> None:
    assert WRITTEN.read_text() == page(), "run `make describe`"


def test_every_public_name_limit_and_command_is_in_it() -> None:
    text = page()
    for name in graphchat_bots.__all__:
        assert f"## {name}\n" in text
    for field in fields(Limits):
        assert f"| `{field.name}: " in text
    for command in ("new", "dead-letter retry", "restore"):
        assert f"## bot {command}\n" in text

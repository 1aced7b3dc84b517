from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphchat_relay.cli import app
from graphchat_relay.cli.describing import Subject

DOCS = Path(__file__).parents[3] / "docs"
FILES = {Subject.REST: "openapi.json", Subject.SOCKET: "asyncapi.json"}


@pytest.mark.parametrize("subject", Subject)
def test_the_document_is_what_the_code_speaks_today(subject: Subject) -> None:
    made = CliRunner().invoke(app, ["describe", subject])
    assert made.exit_code == 0
    assert made.stdout == (DOCS / FILES[subject]).read_text("utf-8"), "run `make describe`"


def test_something_else_cannot_be_described() -> None:
    assert CliRunner().invoke(app, ["describe", "disk"]).exit_code == 2

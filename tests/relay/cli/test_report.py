import json

import pytest

from graphchat_relay.cli.report import Step, show

STEPS = [Step("create a queue", 1.234), Step("delete the queue", 12.0)]


def test_programs_get_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    show(STEPS, json=True)
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "ms": {"create a queue": 1.23, "delete the queue": 12.0},
    }


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show(STEPS, json=False)
    shown = capsys.readouterr().out
    assert "create a queue" in shown
    assert " 1.2 " in shown

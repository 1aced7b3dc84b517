import json

import msgspec
import pytest

from graphchat_bots.examples.webhook_words import (
    MOST_ALERTS,
    Alert,
    Alerts,
    GitHub,
    alert_words,
    github_words,
    short,
)

FRAME = {"repository": {"full_name": "ann/shop"}, "sender": {"login": "ben"}}
PULL = {"number": 3, "title": "Faster", "html_url": "https://github.com/ann/shop/pull/3"}


def words(event: str, **said: object) -> str | None:
    return github_words(event, msgspec.json.decode(json.dumps(FRAME | said), type=GitHub))


@pytest.mark.parametrize(
    ("event", "said", "text"),
    [
        ("ping", {}, "ann/shop: this webhook works."),
        (
            "push",
            {"ref": "refs/heads/main", "commits": [{"message": "a"}, {"message": "Mend it\n\nx"}]},
            "ann/shop: ben pushed 2 commits to main: Mend it",
        ),
        ("push", {"ref": "refs/heads/main", "commits": []}, None),
        (
            "issues",
            {"action": "opened", "issue": {"number": 2, "title": "Broken"}},
            "ann/shop: ben opened issue #2: Broken",
        ),
        ("issues", {"action": "labeled", "issue": {"number": 2, "title": "Broken"}}, None),
        (
            "pull_request",
            {"action": "closed", "pull_request": {**PULL, "merged": True}},
            "ann/shop: ben merged pull request #3: Faster\nhttps://github.com/ann/shop/pull/3",
        ),
        (
            "pull_request",
            {"action": "closed", "pull_request": PULL},
            "ann/shop: ben closed pull request #3: Faster\nhttps://github.com/ann/shop/pull/3",
        ),
        (
            "workflow_run",
            {
                "action": "completed",
                "workflow_run": {"name": "CI", "head_branch": "main", "conclusion": "failure"},
            },
            "ann/shop: CI on main: failure",
        ),
        ("workflow_run", {"action": "requested"}, None),
        ("watch", {"action": "started"}, None),
    ],
)
def test_events_of_github_become_short_words(
    event: str, said: dict[str, object], text: str | None
) -> None:
    assert words(event, **said) == text


def test_what_strangers_write_is_cut_and_only_https_is_a_link() -> None:
    assert short("x" * 500, "https://a.example") == "x" * 297 + "...\nhttps://a.example"
    assert short("x", "javascript:alert(1)") == "x"


def test_a_large_group_of_alerts_is_one_message_of_bounded_length() -> None:
    many = [Alert("firing", {"alertname": f"A{number}"}) for number in range(MOST_ALERTS + 5)]
    text = alert_words(Alerts("firing", "g", many))
    assert text.startswith("FIRING (25)\n- A0\n")
    assert text.endswith("- A19\n... and 5 more")


def test_one_group_holds_what_fires_and_what_is_over() -> None:
    said = Alerts("firing", "g", [Alert("resolved", {"alertname": "A"}), Alert("firing")])
    assert alert_words(said) == "FIRING (1)\n- (resolved) A\n- alert"

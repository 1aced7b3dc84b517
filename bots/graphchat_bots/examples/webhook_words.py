"""What the callers of the webhook send, and how it is said in a chat.

Fields that nothing here needs are ignored.
"""

from typing import Final, Literal

import msgspec

MOST_WORDS: Final = 300
MOST_ALERTS: Final = 20


class User(msgspec.Struct):
    login: str = "somebody"


class Repository(msgspec.Struct):
    full_name: str = "a repository"


class Subject(msgspec.Struct):
    """An issue or a pull request."""

    number: int = 0
    title: str = ""
    html_url: str = ""
    merged: bool = False


class Commit(msgspec.Struct):
    message: str = ""


class WorkflowRun(msgspec.Struct):
    name: str | None = None
    head_branch: str | None = None
    conclusion: str | None = None
    html_url: str = ""


class GitHub(msgspec.Struct):
    """A call of GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads ."""

    action: str = ""
    ref: str = ""
    compare: str = ""
    commits: list[Commit] = msgspec.field(default_factory=list)
    repository: Repository = msgspec.field(default_factory=Repository)
    sender: User = msgspec.field(default_factory=User)
    issue: Subject = msgspec.field(default_factory=Subject)
    pull_request: Subject = msgspec.field(default_factory=Subject)
    workflow_run: WorkflowRun = msgspec.field(default_factory=WorkflowRun)


class Alert(msgspec.Struct):
    status: Literal["firing", "resolved"]
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class Alerts(msgspec.Struct, rename="camel"):
    """A call of Alertmanager, as its documentation says under ``webhook_config``."""

    status: Literal["firing", "resolved"]
    group_key: str
    alerts: list[Alert] = msgspec.field(default_factory=list)


class Note(msgspec.Struct):
    """What anybody can send with curl."""

    text: str


def github_words(event: str, said: GitHub) -> str | None:
    """Say what has happened; nothing if it is not worth a message."""
    where, who = said.repository.full_name, said.sender.login
    match event:
        case "ping":
            return f"{where}: this webhook works."
        case "push" if said.commits:
            count = len(said.commits)
            title = said.commits[-1].message.partition("\n")[0]
            branch = said.ref.removeprefix("refs/heads/")
            commits = f"{count} commit{'s' * (count > 1)}"
            return short(f"{where}: {who} pushed {commits} to {branch}: {title}", said.compare)
        case "issues":
            return _subject(said, "issue", said.issue)
        case "pull_request":
            return _subject(said, "pull request", said.pull_request)
        case "workflow_run" if said.action == "completed":
            run = said.workflow_run
            name = f"{run.name or 'workflow'} on {run.head_branch or 'a branch'}"
            return short(f"{where}: {name}: {run.conclusion or 'ended'}", run.html_url)
        case _:
            return None


def alert_words(said: Alerts) -> str:
    """Say how all alerts of a group are now, in one message."""
    firing = sum(alert.status == "firing" for alert in said.alerts)
    head = f"FIRING ({firing})" if said.status == "firing" else "Resolved"
    lines = [_line(alert) for alert in said.alerts[:MOST_ALERTS]]
    if (more := len(said.alerts) - MOST_ALERTS) > 0:
        lines.append(f"... and {more} more")
    return "\n".join([head, *lines])


def short(text: str, link: str = "") -> str:
    """Cut what strangers have written to a length that fits into a chat, but not the link."""
    cut = text if len(text) <= MOST_WORDS else f"{text[: MOST_WORDS - 3]}..."
    return f"{cut}\n{link}" if link.startswith("https://") and len(link) <= MOST_WORDS else cut


def _subject(said: GitHub, kind: str, subject: Subject) -> str | None:
    done = "merged" if said.action == "closed" and subject.merged else said.action
    if done not in {"opened", "closed", "reopened", "merged"}:
        return None  # labels and edits: too many for a chat
    text = f"{said.repository.full_name}: {said.sender.login} {done} {kind}"
    return short(f"{text} #{subject.number}: {subject.title}", subject.html_url)


def _line(alert: Alert) -> str:
    mark = "-" if alert.status == "firing" else "- (resolved)"
    name = alert.labels.get("alertname", "alert")
    where = alert.labels.get("instance", "")
    what = alert.annotations.get("summary") or alert.annotations.get("description") or ""
    return short(" ".join(filter(None, [mark, name, where, what])))

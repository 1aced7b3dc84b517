from datetime import UTC, datetime

from structlog.testing import capture_logs

from graphchat_bots import Bot
from graphchat_bots.catchup import resume
from graphchat_bots.cron import Cron, Missed

NOON = datetime(2030, 4, 1, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


def cron(expression: str = "0 * * * *", missed: Missed = "once") -> Cron:
    bot = Bot("feed")

    @bot.cron(expression, missed=missed)
    async def post() -> None: ...

    return bot.plan().crons["post"]


def test_a_new_cron_gets_its_next_run() -> None:
    new = cron()
    change = resume({"post": new}, [], NOON)
    assert (change.drop, change.add) == ([], [new.job(NOON + HOUR)])


def test_a_cron_that_is_as_it_was_goes_on() -> None:
    same = cron()
    assert not resume({"post": same}, [same.job(NOON + HOUR)], NOON)
    assert not resume({"post": same}, [same.job(NOON - 5 * HOUR)], NOON)  # it makes up for it


def test_a_cron_that_is_gone_leaves_nothing_but_a_line_in_the_log() -> None:
    gone = cron().job(NOON + HOUR)
    with capture_logs() as logs:
        change = resume({}, [gone], NOON)
    assert (change.drop, change.add) == ([gone.id], [])
    assert [log["cron"] for log in logs] == ["post"]


def test_changed_times_replace_the_next_run() -> None:
    new, old = cron("30 * * * *"), cron().job(NOON - HOUR)
    with capture_logs() as logs:
        change = resume({"post": new}, [old], NOON)
    assert (change.drop, change.add) == ([old.id], [new.job(NOON + HOUR / 2)])
    assert len(logs) == 1


def test_a_run_that_a_crash_interrupted_is_not_missed() -> None:
    careful = cron(missed="skip")
    assert not resume({"post": careful}, [careful.job(NOON)], NOON + 30)
    change = resume({"post": careful}, [careful.job(NOON)], NOON + 90)
    assert change.add == [careful.job(NOON + HOUR)]

from datetime import timedelta

from graphchat_bots import Bot
from graphchat_bots.limits import Limits


def test_a_bot_has_limits_of_its_own() -> None:
    assert Bot("shop").limits == Limits()
    assert Bot("shop", limits=Limits(tries=1)).limits.tries == 1


def test_the_defaults_are_what_the_documentation_says() -> None:
    limits = Limits()
    assert (limits.tries, limits.patience) == (3, timedelta(minutes=5))
    assert (limits.drain, limits.max_file) == (timedelta(seconds=20), 25 * 2**20)

from graphchat_bots import Bot
from graphchat_bots.limits import Limits


def test_a_bot_has_limits_of_its_own() -> None:
    assert Bot("shop").limits == Limits()
    assert Bot("shop", limits=Limits(tries=1)).limits.tries == 1

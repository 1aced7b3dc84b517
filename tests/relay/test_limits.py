from dataclasses import asdict

from graphchat_relay.limits import Limits
from graphchat_relay.settings import RelaySettings


def test_a_relay_without_settings_has_the_limits_of_one_that_has_none() -> None:
    assert asdict(RelaySettings().limits) == asdict(Limits())

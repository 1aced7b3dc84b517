"""What a home has chosen is kept, and what is no policy is refused."""

import pytest
from tests.sdk.client.people import Home

from graphchat import Policy
from graphchat.client.policy import NAMES, named
from graphchat.errors import ContentError


@pytest.mark.parametrize("policy", [Policy("hedge", 0), Policy("all", 9)])
def test_a_connection_has_one_to_eight_lanes(policy: Policy) -> None:
    with pytest.raises(ContentError, match="1 to 8 lanes"):
        policy.check()


def test_a_policy_has_a_name_that_is_known() -> None:
    assert [named(name) for name in NAMES] == [*NAMES]
    with pytest.raises(ContentError, match="auto, all, hedge"):
        named("some")


async def test_a_choice_is_kept(alice: Home) -> None:
    assert alice.client.policy == Policy("auto", 2)
    await alice.client.set_policy(Policy("hedge", 3))
    await alice.reopen()
    assert alice.client.policy == Policy("hedge", 3)

import pytest

from graphchat.errors import StoreError
from graphchat_relay.store.schema import Difference

OWN = ("m0001_initial",)


def test_a_database_is_the_same_older_or_newer() -> None:
    assert Difference.of(OWN) == Difference((), ())
    assert Difference.of(()) == Difference(OWN, ())
    assert Difference.of((*OWN, "m9999_future")) == Difference((), ("m9999_future",))


@pytest.mark.parametrize("migrate", [True, False])
def test_what_is_up_to_date_is_left_alone(*, migrate: bool) -> None:
    assert not Difference((), ()).to_do(migrate=migrate)


def test_what_is_older_is_migrated_if_that_is_allowed() -> None:
    assert Difference(("m2",), ()).to_do(migrate=True)
    with pytest.raises(StoreError, match="lacks m2, and migrate_at_start is off"):
        Difference(("m2",), ()).to_do(migrate=False)


@pytest.mark.parametrize("migrate", [True, False])
def test_what_is_newer_is_never_touched(*, migrate: bool) -> None:
    with pytest.raises(StoreError, match="it has m3"):
        Difference(("m2",), ("m3",)).to_do(migrate=migrate)

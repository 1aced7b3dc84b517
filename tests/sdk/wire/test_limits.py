import pytest

from graphchat.errors import LocalProtocolError
from graphchat.wire.limits import SIZES, XXL, size_class


@pytest.mark.parametrize("size", SIZES)
def test_the_smallest_class_that_fits_is_taken(size: int) -> None:
    assert size_class(size) == size
    assert size_class(size - 1) == size
    if size != XXL:
        assert size_class(size + 1) == SIZES[SIZES.index(size) + 1]


def test_nothing_is_longer_than_the_largest_class() -> None:
    with pytest.raises(LocalProtocolError, match="786433 bytes"):
        size_class(XXL + 1)

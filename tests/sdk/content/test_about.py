import pytest

from graphchat.content import Read, Timer
from graphchat.content.about import MAX_TIMER
from graphchat.errors import ContentError


@pytest.mark.parametrize(("seconds", "version"), [(-1, 1), (MAX_TIMER + 1, 1), (0, 0), (0, 2**63)])
def test_a_timer_lasts_a_year_at_most_and_has_a_version(seconds: int, version: int) -> None:
    Timer(0, 1)
    Timer(MAX_TIMER, 2**63 - 1)
    with pytest.raises(ContentError):
        Timer(seconds, version)


def test_a_read_mark_names_a_message() -> None:
    Read(bytes(16))
    with pytest.raises(ContentError):
        Read(b"short")

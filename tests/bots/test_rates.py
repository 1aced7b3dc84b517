import pytest

from graphchat_bots.rates import MAX_WINDOWS, Limiter, Rate, Refusal, span

KEY = ("/order", "ann")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5/min", Rate(5, 60)),
        ("5/m", Rate(5, 60)),
        ("10/h", Rate(10, 3600)),
        ("1/10s", Rate(1, 10)),
        ("3 / 2 hours", Rate(3, 7200)),
        ("100/Day", Rate(100, 86400)),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "5", "5/", "/min", "0/min", "5/0s", "-1/min", "5/year", "5 per min", "5/8d", "99999/s"],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is what was written
        Rate.parse(text)


def test_one_too_many_is_told_once_until_the_window_is_over() -> None:
    limiter, rate = Limiter(), Rate(2, 60)
    assert [limiter.take(KEY, f"e{n}", rate, 100.0 + n) for n in range(2)] == [None, None]
    assert limiter.take(KEY, "e2", rate, 110.0) == Refusal(50.0, first=True)
    assert limiter.take(KEY, "e3", rate, 120.0) == Refusal(40.0, first=False)
    assert limiter.take(KEY, "e4", rate, 160.0) is None


def test_an_event_that_comes_again_gets_the_same_verdict() -> None:
    limiter, rate = Limiter(), Rate(1, 60)
    for _ in range(3):
        assert limiter.take(KEY, "e1", rate, 100.0) is None
    refusals = [limiter.take(KEY, "e2", rate, 101.0) for _ in range(3)]
    assert refusals == [Refusal(59.0, first=True)] * 3


def test_each_sender_and_each_command_counts_alone() -> None:
    limiter, rate = Limiter(), Rate(1, 60)
    for key in (("/order", "ann"), ("/order", "bob"), ("/other", "ann")):
        assert limiter.take(key, "e1", rate, 100.0) is None


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    limiter, rate = Limiter(), Rate(1, 60)
    limiter.take(KEY, "e1", rate, 1000.0)
    assert limiter.take(KEY, "e2", rate, 10.0) is None


def test_memory_is_bounded() -> None:
    limiter = Limiter()
    for number in range(MAX_WINDOWS + 10):
        limiter.take(("/order", str(number)), "e", Rate(1, 60), 100.0)
    assert len(limiter._windows) == MAX_WINDOWS
    assert limiter.take(("/order", "0"), "again", Rate(1, 60), 101.0) is None


def test_times_are_said_in_words_and_never_too_short() -> None:
    words = [span(seconds) for seconds in (0.2, 1, 1.1, 120, 121, 7200.5, 200_000)]
    assert words == [
        "1 second", "1 second", "2 seconds", "120 seconds", "3 minutes", "3 hours", "3 days",
    ]  # fmt: skip

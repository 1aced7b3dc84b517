import copy
import pickle
import traceback

import pytest

from graphchat.secret import Secret

KEY = b"0123456789abcdef"


def test_a_secret_shows_its_length_and_nothing_else() -> None:
    secret = Secret(KEY)
    shown = f"{secret} {secret!r} {[secret]} { ({'key': secret}) }"
    assert KEY.decode() not in shown
    assert "16 bytes" in shown


def test_a_traceback_with_locals_does_not_show_it() -> None:
    def fail(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is looked at
        fail(Secret(KEY))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert KEY.decode() not in "".join(shown.format())


def test_it_comes_out_by_one_name_only() -> None:
    assert Secret(KEY).reveal() == KEY


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_neither_pickled_nor_copied(take: object) -> None:
    assert callable(take)
    with pytest.raises(TypeError, match="vault"):
        take(Secret(KEY))


def test_equal_bytes_make_equal_secrets() -> None:
    assert Secret(KEY) == Secret(bytes(KEY))
    assert Secret(KEY) != Secret(KEY[::-1])
    assert Secret(KEY) != KEY
    assert len({Secret(KEY), Secret(bytes(KEY)), Secret(b"other")}) == 2

import pytest
from hypothesis import given, strategies as st

from graphchat.content.lookalike import keys


def alike(one: str, other: str) -> bool:
    return not keys(one).isdisjoint(keys(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bob", "Bob "),
        ("Bob", " \u3000Bob"),
        ("Bob", "BOB"),
        ("Bob", "B\u200bob"),
        ("Bob", "Bo\u034fb"),
        ("Bob", "Bob\u3164"),
        ("Bob", "Bob\ufe0f"),
        ("Bob", "B\u043eb"),  # Cyrillic
        ("Bob", "\u0412\u043eb"),
        ("bob", "B\u03bfb"),  # Greek
        ("Bob", "\uff22\uff4f\uff42"),  # of full width
        ("Bob", "\U0001d401\U0001d428\U0001d41b"),  # bold, of mathematics
        ("Bob Smith", "Bob\u3164\u00a0 Smith"),
        ("Paypal", "\u0420\u0430\u0443\u0440\u0430\u04cf"),
        ("Ivan", "I\u03bdan"),
        ("Bill", "BiIl"),
        ("Bot 10", "Bot lO"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("Zo\u00eb", "Zo\u0451"),
        ("Arne", "Ame"),
        ("Stra\u00dfe", "STRASSE"),
        ("\u039d\u03af\u03ba\u03b7", "\u039d\u038a\u039a\u0397"),  # one Greek name, twice
        ("\u0418\u0432\u0430\u043d", "\u0438\u0432\u0430\u043d"),
    ],
)
def test_names_that_look_the_same_share_a_key(one: str, other: str) -> None:
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bob", "Rob"),
        ("Bob", "Bob 2"),
        ("Zoe", "Zo\u00eb"),
        ("Bob Smith", "BobSmith"),
        ("Bob", "Bob \U0001f98a"),
        ("\u540d\u524d", "\u540d\u5b57"),
        ("\u0418\u0432\u0430\u043d", "\u0418\u0432\u0430"),
        ("Bot 2", "Bot 3"),
    ],
)
def test_names_that_differ_share_none(one: str, other: str) -> None:
    assert not alike(one, other)


@given(st.text(max_size=20))
def test_every_text_has_keys_and_blanks_round_it_change_nothing(text: str) -> None:
    assert 1 <= len(keys(text)) <= 2
    assert keys(f" {text}\u200b ") == keys(text)

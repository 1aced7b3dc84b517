from graphchat.crypto.words import ENDINGS, MIDDLES, ONSETS, VOWELS, word

WORDS = [word(number) for number in range(4096)]


def test_each_number_of_12_bits_has_a_word_of_its_own() -> None:
    assert len(set(WORDS)) == 4096
    assert word(4096) == word(0)


def test_words_are_short_and_lower_case() -> None:
    assert all(text.isascii() and text.isalpha() and text.islower() for text in WORDS)
    assert {len(text) for text in WORDS} == {5, 6, 7}


def test_the_parts_are_the_bits_of_the_number() -> None:
    assert (len(ONSETS), len(VOWELS), len(MIDDLES), len(ENDINGS)) == (16, 4, 16, 4)
    assert (word(0x000), word(0xFFF)) == ("baban", "vowor")
    assert word(0x123) == ONSETS[0x1] + VOWELS[0b00] + MIDDLES[0b1000] + ENDINGS[0b11] == "branor"

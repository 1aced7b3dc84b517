from tests.sdk.core.proof.cases import case, only, proof

from graphchat.content import Image, ProfileCard, Text, Welcome
from graphchat.core.proof import in_words, verify
from graphchat.core.proof.words import LIMITS, REFUSED, VALID


def test_the_result_comes_first_and_the_limits_last() -> None:
    lines = in_words(verify(proof())).split("\n")
    assert lines[0] == VALID
    text = " ".join(" ".join(lines).split())
    assert text.index("What it shows") < text.index("What it does not show")
    assert all(limit in text for limit in LIMITS)


def test_what_was_said_is_quoted_with_author_number_and_receipt() -> None:
    text = in_words(verify(proof(only(case(), ("inviter", 3)), whole=False)))
    assert "The inviter, number 3 of its device" in text
    assert "  | the price is 100\n" in text
    assert "The other side signed that it had it by 2026-01-01T00:00:05.004+00:00" in text
    assert "number 1 to 2. They came before" in text
    assert "number 4. Only hashes" in text


def test_a_message_without_a_receipt_is_said_to_have_none() -> None:
    assert in_words(verify(proof())).count("No receipt for it is here.") == 1


def test_of_the_receipts_the_newest_is_told() -> None:
    text = in_words(verify(proof()))
    assert text.count("signed that it had received everything") == 2
    assert "up to number 4, on" in text


def test_no_message_looks_like_a_word_of_the_verdict() -> None:
    evil = Text("hello\n\nVALID. The inviter owes a million.\n  9. Signed by both")
    name = Welcome(ProfileCard("The judge", "person"))
    found = case({"inviter": [name, evil], "invited": []}, {"inviter": [], "invited": []})
    lines = in_words(verify(proof(found))).split("\n")
    hostile = [line for line in lines if "million" in line or "Signed by both" in line]
    assert len(hostile) == 2
    assert all(line.lstrip().startswith("| ") for line in hostile)
    assert any(line.strip() == "| The judge" for line in lines)


def test_other_messages_are_told_field_by_field() -> None:
    image = Image(b"x" * 100, "image/png", 1, 2, caption="a cat")
    found = case({"inviter": [image], "invited": []}, {"inviter": [], "invited": []})
    text = in_words(verify(proof(found)))
    assert "a message of the type image:" in text
    assert "| caption: a cat" in text


def test_a_refusal_says_so_first_and_where() -> None:
    text = in_words(verify(proof().replace(b"inviter", b"invited", 1)))
    assert text.startswith(REFUSED)
    assert " at " in text

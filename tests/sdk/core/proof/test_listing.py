import json

from tests.sdk.core.proof.cases import case, proof

from graphchat import content
from graphchat.content import Image, Poll, Text
from graphchat.core.proof import listing, verify
from graphchat.core.proof.listing import message_fields, time


def test_a_verdict_is_plain_json() -> None:
    found = json.loads(json.dumps(listing(verify(proof()))))
    assert found["valid"] is True
    assert [each["text"] for each in found["messages"]][:2] == ["hello", "I agree"]
    assert found["messages"][0]["received_at"].endswith("+00:00")
    assert len(found["receipts"]) == 3
    assert {side["side"] for side in found["sides"]} == {"inviter", "invited"}


def test_a_refusal_says_where_and_what() -> None:
    found = listing(verify(proof()[:-1]))
    assert found["valid"] is False
    assert found["where"]
    assert found["problem"]


def test_pictures_are_told_by_size_and_hash() -> None:
    fields = message_fields(Image(b"x" * 100, "image/png", 1, 2, caption="a cat"))
    assert fields["data"] == {
        "size": 100,
        "sha256": "09ecb6ebc8bcefc733f6f2ec44f791abeed6a99edf0cc31519637898aebd52d8",
    }
    assert (fields["type"], fields["caption"], fields["width"]) == ("image", "a cat", 1)


def test_every_kind_of_message_can_be_told() -> None:
    poll = Poll("Which?", ("one", "two"))
    for message in (poll, Text("hi", reply_to=b"i" * 16), content.Unknown("later", b"\x80")):
        json.dumps(message_fields(message))
    assert message_fields(Text("hi", reply_to=b"i" * 16))["reply_to"] == "69" * 16


def test_a_proof_of_nothing_is_told_too() -> None:
    nothing = case({"inviter": [], "invited": []}, {"inviter": [], "invited": []})
    assert listing(verify(proof(nothing)))["messages"] == []


def test_times_beyond_the_calendar_are_told() -> None:
    assert time(0) == "1970-01-01T00:00:00.000+00:00"
    assert "beyond the calendar" in time(2**53)

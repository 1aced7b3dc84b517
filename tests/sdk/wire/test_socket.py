import pytest

from graphchat.wire import socket


def test_objects_cannot_be_changed() -> None:
    found = socket.Ready("uri")
    with pytest.raises(AttributeError):
        found.sender_uri = "another"  # type: ignore[misc] # that is the point


@pytest.mark.parametrize(
    ("kind", "tag"),
    [
        (socket.Subscribe, "subscribe"),
        (socket.Unsubscribe, "unsubscribe"),
        (socket.DeleteMessage, "delete_message"),
        (socket.Attach, "attach"),
        (socket.Send, "send"),
    ],
)
def test_an_answer_has_the_type_of_its_question(kind: type[socket.Wire], tag: str) -> None:
    answers = {
        answer.__struct_config__.tag
        for answer in (
            socket.Subscribed,
            socket.Unsubscribed,
            socket.Deleted,
            socket.Attached,
            socket.Sent,
        )
    }
    assert kind.__struct_config__.tag == tag
    assert tag in answers

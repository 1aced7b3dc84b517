import pytest
from hypothesis import given, strategies as st

from graphchat.wire import rest
from graphchat.wire.codec import InvalidObjectError

KEY_TEXT = "A" * 43 + "="
bodies = st.one_of(
    st.builds(rest.CreateQueue, recipient=st.binary(min_size=32, max_size=32)),
    st.builds(rest.CreatedQueue),
    st.builds(rest.SecureQueue, sender=st.binary(min_size=32, max_size=32)),
    st.builds(rest.SendMessage),
    st.builds(rest.Message, ts=st.integers(0, 2**40), size=st.integers(0, 2**20)),
    st.builds(rest.Refusal),
)


@given(bodies)
def test_every_body_comes_back(body: rest.Body) -> None:
    assert rest.decode(type(body), rest.encode(body)) == body


def test_names_and_encodings_are_those_of_the_protocol() -> None:
    assert rest.encode(rest.CreatedQueue("r", "s")) == b'{"recipientURI":"r","senderURI":"s"}'
    short, long = rest.Message("i", 1, 2, b"\xff\xfe"), rest.Message("j", 3, 49_152)
    assert rest.encode(rest.MessageList([short, long], "k")) == (
        b'{"messages":[{"id":"i","ts":1,"size":2,"msg":"//4="},'
        b'{"id":"j","ts":3,"size":49152}],"nextMessageID":"k"}'
    )
    assert rest.encode(rest.MessageList([])) == b'{"messages":[]}'


@pytest.mark.parametrize(
    ("kind", "data", "pointer"),
    [
        (rest.CreateQueue, b"", ""),
        (rest.CreateQueue, b"\xff", ""),
        (rest.CreateQueue, b"[]", ""),
        (rest.CreateQueue, b"[" * 100_000, ""),
        (rest.CreateQueue, b"{}", "/recipient"),
        (rest.CreateQueue, b'{"recipient":null}', "/recipient"),
        (rest.CreateQueue, b'{"recipient":"AAAA"}', "/recipient"),
        (rest.CreateQueue, b'{"recipient":"' + KEY_TEXT[:-1].encode() + b'"}', "/recipient"),
        (rest.CreateQueue, b'{"recipient":"' + KEY_TEXT.encode() + b'","~/`":1}', "/~0~1`"),
        (rest.CreateQueue, b'{"recipient":"\xff"}', "/recipient"),
        (rest.MessageList, b'{"messages":[{"id":"a","ts":"1","size":1}]}', "/messages/0/ts"),
        (rest.MessageList, b'{"messages":[{"id":"a","ts":1}]}', "/messages/0/size"),
    ],
)
def test_the_first_bad_property_is_named(kind: type[rest.Body], data: bytes, pointer: str) -> None:
    with pytest.raises(InvalidObjectError) as caught:
        rest.decode(kind, data)
    assert caught.value.pointer == pointer


@given(st.binary())
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with pytest.raises(InvalidObjectError):
        rest.decode(rest.SendMessage, data)

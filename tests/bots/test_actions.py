import msgspec
import pytest

from graphchat_bots import actions


@pytest.mark.parametrize(
    "action",
    [
        actions.Delete("ab", b"1" * 16, "link"),
        actions.Mute("ab", 1.5),
        actions.Remove("ab", ban=True),
        actions.Decide("ab", accept=False),
        actions.Enter("GRAPHCHAT:GROUP/x"),
    ],
)
def test_an_action_comes_out_of_the_store_as_it_went_in(action: actions.Action) -> None:
    assert actions.unpack(actions.pack(action)) == action


def test_anything_else_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        actions.unpack(msgspec.msgpack.encode({"type": "explode"}))

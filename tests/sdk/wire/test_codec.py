from hypothesis import given, strategies as st

from graphchat.wire.codec import LONGEST_POINTER, pointer_of


@given(st.text())
def test_a_hostile_name_cannot_grow_or_break_the_answer(name: str) -> None:
    pointer = pointer_of(f"Object contains unknown field `{name}`")
    assert len(pointer) <= LONGEST_POINTER
    escaped = "/" + name.replace("~", "~0").replace("/", "~1")
    assert pointer == escaped[:LONGEST_POINTER] or "` - at `$" in name

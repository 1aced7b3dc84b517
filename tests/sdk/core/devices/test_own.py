"""Lists of devices come to the same end, whoever hears what first."""

from functools import reduce

import pytest
from hypothesis import given, strategies as st

from graphchat.content.devices import MAX_DEVICES
from graphchat.core.devices.own import OwnDevices, code_id, pseudonym
from graphchat.errors import RemoteProtocolError

ids = st.sampled_from([bytes([number]) * 16 for number in range(6)])
lists = st.builds(
    lambda names, removed: OwnDevices(
        {device: name for device, name in names.items() if device not in removed}, removed
    ),
    st.dictionaries(ids, st.sampled_from(["phone", "laptop"])),
    st.frozensets(ids),
)


@given(st.lists(lists, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_any_order_and_repetition_gives_one_list(found: list[OwnDevices], random: object) -> None:
    shuffled = [*found, *found]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert reduce(OwnDevices.merged, shuffled) == reduce(OwnDevices.merged, found)


@given(lists, lists)
def test_who_was_removed_never_comes_back(one: OwnDevices, other: OwnDevices) -> None:
    merged = one.merged(other)
    assert not merged.names.keys() & (one.removed | other.removed)
    assert merged.merged(one) == merged.merged(other) == merged


def test_no_more_devices_than_a_person_can_have() -> None:
    full = OwnDevices({bytes([number]) * 16: "d" for number in range(MAX_DEVICES)})
    with pytest.raises(RemoteProtocolError):
        full.merged(OwnDevices({b"x" * 16: "d"}))
    gone = OwnDevices({}, frozenset({bytes(16)}))
    assert len(full.merged(gone).merged(OwnDevices({b"x" * 16: "d"})).names) == MAX_DEVICES


def test_two_contacts_cannot_compare_what_they_call_a_device() -> None:
    device = b"d" * 16
    assert pseudonym(b"a" * 16, device) != pseudonym(b"b" * 16, device)
    assert len(pseudonym(b"a" * 16, device)) == 16
    assert code_id(b"a" * 16, b"k" * 32) != code_id(b"b" * 16, b"k" * 32)

"""What a contact says of its devices, honest or not, in any order."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from graphchat.content.devices import MAX_DEVICES, DeviceAdd, DeviceRemove
from graphchat.core.devices.theirs import FIRST, TheirDevices
from graphchat.errors import ContentError, RemoteProtocolError


def name(number: int) -> bytes:
    return bytes([number]) * 16


PHONE, LAPTOP, TABLET, CLONE = map(name, range(1, 5))


def add(device: bytes, by: bytes) -> DeviceAdd:
    return DeviceAdd(device, by, "code")


def known(*devices: bytes) -> TheirDevices:
    found = TheirDevices().named(devices[0], b"")
    for device in devices[1:]:
        found = found.add(add(device, devices[0]))
    return found


def test_only_a_known_device_adds_one() -> None:
    with pytest.raises(RemoteProtocolError):
        known(PHONE).add(add(TABLET, LAPTOP))
    assert known(PHONE, LAPTOP).add(add(TABLET, LAPTOP)).added_by[TABLET] == LAPTOP


def test_a_device_is_added_once() -> None:
    with pytest.raises(RemoteProtocolError):
        known(PHONE, LAPTOP).add(add(LAPTOP, PHONE))


def test_a_device_does_not_take_the_name_of_another_one() -> None:
    two = known(PHONE, LAPTOP)
    for device, before in ((PHONE, LAPTOP), (LAPTOP, b""), (TABLET, PHONE)):
        with pytest.raises(RemoteProtocolError):
            two.named(device, before)
    assert two.named(PHONE, PHONE) is two


def test_what_a_stolen_device_has_added_goes_with_it() -> None:
    found = known(PHONE, LAPTOP).add(add(CLONE, PHONE)).add(add(TABLET, CLONE))
    found, gone = found.remove(DeviceRemove(PHONE, LAPTOP, (LAPTOP,)))
    assert set(gone) == {PHONE, CLONE, TABLET}
    assert set(found.added_by) == {LAPTOP}
    with pytest.raises(RemoteProtocolError):
        found.add(add(CLONE, LAPTOP))


def test_what_the_others_know_to_be_good_stays() -> None:
    found, gone = known(PHONE, LAPTOP, TABLET).remove(
        DeviceRemove(PHONE, LAPTOP, (LAPTOP, TABLET))
    )
    assert (set(found.added_by), list(gone)) == ({LAPTOP, TABLET}, [PHONE])


def test_a_removed_device_removes_nobody() -> None:
    found, _ = known(PHONE, LAPTOP).remove(DeviceRemove(PHONE, LAPTOP, (LAPTOP,)))
    with pytest.raises(RemoteProtocolError):
        found.remove(DeviceRemove(LAPTOP, PHONE, ()))


def test_a_device_that_never_came_cannot_come_after_its_removal() -> None:
    found, gone = known(PHONE).remove(DeviceRemove(LAPTOP, PHONE, (PHONE,)))
    assert not gone
    with pytest.raises(RemoteProtocolError):
        found.add(add(LAPTOP, PHONE))


def test_nobody_is_removed_and_left_at_once() -> None:
    with pytest.raises(ContentError):
        DeviceRemove(PHONE, LAPTOP, (PHONE,))


class AnyContact(RuleBasedStateMachine):
    """A contact that says anything; refused or not, the rules hold."""

    def __init__(self) -> None:
        super().__init__()
        self.found = known(PHONE)
        self.removed: set[bytes] = set()

    @rule(device=st.integers(1, 12), by=st.integers(1, 12))
    def add(self, device: int, by: int) -> None:
        with suppress(RemoteProtocolError):
            self.found = self.found.add(add(name(device), name(by)))

    @rule(device=st.integers(1, 12), before=st.integers(0, 12))
    def call(self, device: int, before: int) -> None:
        with suppress(RemoteProtocolError):
            self.found = self.found.named(name(device), name(before) if before else b"")

    @rule(device=st.integers(1, 12), by=st.integers(1, 12), left=st.sets(st.integers(1, 12)))
    def remove(self, device: int, by: int, left: set[int]) -> None:
        good = tuple(name(each) for each in sorted(left - {device}))[:MAX_DEVICES]
        with suppress(RemoteProtocolError):
            self.found, gone = self.found.remove(DeviceRemove(name(device), name(by), good))
            self.removed |= {name(device), *gone}

    @invariant()
    def nobody_comes_back(self) -> None:
        assert not self.removed & self.found.added_by.keys()
        assert self.removed == self.found.removed

    @invariant()
    def whoever_is_there_was_vouched_for(self) -> None:
        known_names = {FIRST, *self.found.added_by, *self.found.removed}
        assert all(by in known_names for by in self.found.added_by.values())


TestAnyContact = AnyContact.TestCase


@given(st.integers(1, MAX_DEVICES))
def test_a_contact_has_no_more_devices_than_a_person_can_have(count: int) -> None:
    found = known(*(name(number) for number in range(1, count + 1)))
    if count < MAX_DEVICES:
        found.add(add(name(99), PHONE))
        return
    with pytest.raises(RemoteProtocolError):
        found.add(add(name(99), PHONE))

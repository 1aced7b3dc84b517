"""What each may do, and what becomes of it."""

import pytest
from tests.sdk.core.groups.founding import Device, founded, join, key_of

from graphchat.core.groups import actions as do, state as states
from graphchat.core.groups.actions import Change, Role, Settings
from graphchat.errors import RemoteProtocolError

A = key_of("a").public


def test_who_may_post_follows_the_settings() -> None:
    device = Device(founded(Settings("News", broadcast=True, post=Role.OWNER)))
    device.let_in("a", Role.ADMIN)
    assert device.log.state.may_post(key_of("o").public, 0)
    assert not device.log.state.may_post(A, 0)
    assert not device.log.state.may_post(key_of("b").public, 0)


def test_silence_ends_by_itself() -> None:
    device = Device(founded())
    device.let_in("a")
    device.do("o", do.Mute(A, 1_000))
    assert not device.log.state.may_post(A, 999)
    assert device.log.state.may_post(A, 1_000)
    device.do("o", do.Mute(A, 0))
    assert device.log.state.may_post(A, 1)


def test_an_invitation_is_used_up_and_ends_with_whoever_made_it() -> None:
    device = Device(founded())
    device.let_in("a")
    first, second = bytes([1]) * 32, bytes([2]) * 32
    device.do("a", do.Invite(first))
    device.do("a", do.Invite(second))
    device.do("o", join(device.group, "b", first))
    assert device.log.state.invites == {second: A}
    device.do("o", do.Remove(A))
    assert device.log.state.invites == {}


def test_only_owners_and_admins_forward() -> None:
    device = Device(founded())
    device.let_in("a", Role.ADMIN)
    device.do("a", do.Host("GRAPHCHAT:ADDRESS/A"))
    assert device.log.state.forwarders == {A: "GRAPHCHAT:ADDRESS/A"}
    device.do("o", do.SetRole(A, Role.MEMBER))
    assert device.log.state.forwarders == {}
    device.do("o", do.SetRole(A, Role.ADMIN))
    device.do("a", do.Host(""))
    assert device.log.state.hosts == {}


def test_settings_change_one_by_one() -> None:
    device = Device(founded(Settings("Hikers", description="Every Sunday")))
    device.do("o", do.SetSettings(Change(history=7)))
    state = device.log.state.settings
    assert (state.name, state.description, state.history) == ("Hikers", "Every Sunday", 7)


def test_joining_again_changes_the_name_and_keeps_the_role() -> None:
    device = Device(founded())
    device.let_in("a", Role.ADMIN)
    device.do("o", join(device.group, "a"))
    assert device.role("a") == Role.ADMIN


@pytest.mark.parametrize("limit", ["MAX_MEMBERS", "MAX_INVITES", "MAX_HOSTS"])
def test_a_group_is_bounded(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(founded())
    device.do("o", do.Invite(bytes([1]) * 32))
    device.do("o", do.Host("GRAPHCHAT:ADDRESS/A"))
    device.let_in("a", Role.ADMIN)
    monkeypatch.setattr(states, limit, 2 if limit == "MAX_MEMBERS" else 1)
    more = {
        "MAX_MEMBERS": join(device.group, "b"),
        "MAX_INVITES": do.Invite(bytes([2]) * 32),
        "MAX_HOSTS": do.Host("GRAPHCHAT:ADDRESS/B"),
    }[limit]
    assert isinstance(more, do.Join | do.Invite | do.Host)
    with pytest.raises(RemoteProtocolError, match="no right"):
        device.log.add(device.write("a", more))

"""Links to groups."""

import pytest
from hypothesis import given, strategies as st

from graphchat.codes import Code, CodeLane, GroupCode, Kind, qr
from graphchat.codes.invitation import from_base32, to_base32
from graphchat.errors import CodeError, LocalProtocolError
from graphchat.ids import Fingerprint, QueueId
from graphchat.secret import Secret

GROUP = bytes(range(16))


def host(number: int = 0, lanes: int = 2, base: str = "https://relay.example/q") -> Code:
    lane = CodeLane(Fingerprint(bytes(16)), base, QueueId(bytes([number]) * 18), bytes(32))
    return Code(Kind.ADDRESS, bytes([number]) * 16, None, bytes([number]) * 32, (lane,) * lanes)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("invite", [None, Secret(bytes(32))])
def test_a_link_survives_the_way(count: int, invite: Secret | None) -> None:
    hosts = tuple(host(number) for number in range(count))
    code = GroupCode(GROUP, hosts, broadcast=True, approval=False, invite=invite)
    assert GroupCode.parse(code.text) == code
    assert GroupCode.parse(f" https://chat.example/#{code.text.lower()} ") == code


def test_one_host_fits_a_screen() -> None:
    text = GroupCode(GROUP, (host(),), invite=Secret(bytes(32))).text
    assert max(len(row) for row in qr.terminal(text, 80).splitlines()) > 0
    assert GroupCode.parse(qr.read(qr.write(text))).group == GROUP


@pytest.mark.parametrize(
    ("hosts", "group"), [((), GROUP), ((host(),) * 4, GROUP), ((host(),), b"short")]
)
def test_a_link_has_one_to_three_hosts(hosts: tuple[Code, ...], group: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        GroupCode(group, hosts)


def test_an_invitation_is_no_host() -> None:
    other = Code(Kind.INVITE, bytes(16), Secret(bytes(32)), bytes(32), host().lanes)
    with pytest.raises(LocalProtocolError):
        GroupCode(GROUP, (other,))


def changed(at: int, value: int) -> str:
    payload = bytearray(from_base32(GroupCode(GROUP, (host(),)).text.partition("/")[2]))
    payload[at] = value
    return "GRAPHCHAT:GROUP/" + to_base32(bytes(payload))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GroupCode(GROUP, (host(),)).text[:-9], "cut off"),
        (GroupCode(GROUP, (host(),)).text + "AAAAAAAA", "damaged"),
        (changed(0, 2), "newer graphchat"),
        (changed(0, 0), "damaged"),
        (changed(17, 8), "damaged"),
        (changed(18, 4), "damaged"),
        (host().text, "no link to a group"),
        ("", "no link to a group"),
        ("GRAPHCHAT:GROUP/1!", "characters"),
    ],
)
def test_each_fault_has_its_own_sentence(text: str, says: str) -> None:
    with pytest.raises(CodeError, match=says):
        GroupCode.parse(text)


def test_a_link_that_is_too_long_is_not_made() -> None:
    long = host(lanes=8, base="https://relay.example/" + "q" * 200)
    with pytest.raises(CodeError, match="Leave out a host"):
        _ = GroupCode(GROUP, (long, long, long)).text


def test_a_link_to_a_group_is_no_invitation_to_connect() -> None:
    with pytest.raises(CodeError, match="graphchat group join"):
        Code.parse(GroupCode(GROUP, (host(),)).text)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    text = "GRAPHCHAT:GROUP/" + to_base32(data)
    try:
        code = GroupCode.parse(text)
    except CodeError:
        return
    assert code.text == text

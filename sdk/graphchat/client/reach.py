"""Which relays of others this client goes to: none on this machine, unless its own are here.

Whoever writes a code or an answer chooses the hosts that we connect to. Services that listen on
this machine alone are not for them, and what goes there passes by every proxy.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from graphchat.codes import Code
from graphchat.errors import CodeError
from graphchat.wire.uri import RelayAddress

_LOCAL: Final = "localhost"


def is_here(base: str) -> bool:
    """Tell whether the host in ``base`` leads back to this machine by any spelling.

    A name that somebody's name server answers with such an address is not known as one.
    """
    host = urlsplit(base).hostname or ""
    if host == _LOCAL or host.endswith(f".{_LOCAL}"):
        return True
    address = _address(host)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return address is not None and (address.is_loopback or address.is_unspecified)


def may_reach(base: str, own: Sequence[RelayAddress]) -> bool:
    """Tell whether to go to the relay at ``base``, of somebody whose word that is."""
    return not is_here(base) or any(is_here(relay.base) for relay in own)


def check(code: Code, own: Sequence[RelayAddress]) -> None:
    """Raise `CodeError` if ``code`` names a relay that we do not go to."""
    # Without a relay of our own nothing is asked, and there is a better sentence for that.
    if own and not all(may_reach(lane.base, own) for lane in code.lanes):
        raise CodeError(
            "The code names a relay on your own machine, where none of yours is. Ask for a code"
            " of a relay that both of you can reach."
        )


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        # 127.1 and 2130706433 are what the resolver of the system takes for 127.0.0.1.
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None

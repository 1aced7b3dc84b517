"""A proxy that everything goes through, and how profiles are kept apart by it.

Tor builds a circuit of its own for each name and password that a SOCKS connection gives
(IsolateSOCKSAuth, its default). So each profile gives others, which mean nothing: made of random
bytes of this run, they tell neither the profile nor that two runs are of one person.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from graphchat.errors import StateError
from graphchat.secret import Secret

SCHEMES: Final = {"socks5h": "socks5", "socks5": "socks5", "socks4": "socks4", "http": "http"}
"""What may be typed, and the protocol that it is: names are always looked up by the proxy."""
LONGEST: Final = 512
HOW: Final = (
    "A proxy is written as socks5h://host:port, such as socks5h://127.0.0.1:9050 for Tor, or as"
    " http://host:port; a name and password stand before the host: socks5h://name:password@host:port."
)


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    protocol: str
    host: str
    port: int
    name: str = ""
    password: Secret = field(default_factory=lambda: Secret(b""))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL. Raises `StateError`."""
        try:
            parts = urlsplit(text.strip())
            protocol, host, port = SCHEMES.get(parts.scheme), parts.hostname, parts.port
        except ValueError:
            raise StateError(HOW) from None
        plain = parts.path in {"", "/"} and not parts.query and not parts.fragment
        if not (protocol and host and port and plain) or len(text) > LONGEST:
            raise StateError(HOW)
        name, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(protocol, host, port, name, Secret(password.encode()))

    def __str__(self) -> str:
        """Return it without the password, for people."""
        kind = "socks5h" if self.protocol == "socks5" else self.protocol
        return f"{kind}://{f'{self.name}@' if self.name else ''}{self.place}"

    @property
    def place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, circuit: bytes) -> str:
        """Return what to connect by, with the name and password of one circuit.

        What a person has chosen is kept: then the proxy knows who asks, and separates nobody.
        """
        name, password = self.name, self.password.reveal().decode()
        if not name and self.protocol == "socks5":
            name, password = circuit[:16].hex(), circuit[16:].hex()
        sign = f"{quote(name, safe='')}:{quote(password, safe='')}@" if name else ""
        return f"{self.protocol}://{sign}{self.place}"


def circuit(seed: bytes, profile: int) -> bytes:
    """Return 32 bytes that name the circuit of a profile; ``seed`` is random."""
    return sha256(b"gc/1 circuit" + seed + profile.to_bytes(8, "big")).digest()

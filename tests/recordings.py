"""Recordings for tests: Opus in Ogg, as far as anybody looks who does not listen."""


def page(granule: int, body: bytes) -> bytes:
    """Return a page of Ogg (RFC 3533, section 6) without its checksum."""
    place = granule.to_bytes(8, "little", signed=True)
    return b"OggS\0\0" + place + bytes(12) + b"\1" + bytes([len(body)]) + body


def recording(milliseconds: int = 1500, skipped: int = 312) -> bytes:
    """Return a recording of so long a silence (RFC 7845)."""
    head = b"OpusHead\1\1" + skipped.to_bytes(2, "little") + bytes(7)
    tags = b"OpusTags" + bytes(8)
    return page(0, head) + page(0, tags) + page(milliseconds * 48 + skipped, b"\xfc")

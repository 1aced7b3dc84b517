"""Recordings: what a file of Opus in Ogg says of itself, without listening to it."""

from typing import Final

from graphchat.content.spoken import OGG, Voice
from graphchat.errors import ContentError

# RFC 3533, section 6: the head of a page, up to the number of segments.
_PAGE: Final = 27
# RFC 7845, section 4: time in an Opus stream is counted in samples of 48 kHz.
_RATE: Final = 48_000
_HEAD: Final = b"OpusHead"


def make_voice(data: bytes, waveform: bytes = b"") -> Voice:
    """Return the message that carries the recording ``data``, with its duration.

    Raises `ContentError` if it is not Opus in an Ogg file, has no end, or is too long.
    """
    return Voice(data, max(1, _samples(data) * 1000 // _RATE), waveform)


def _samples(data: bytes) -> int:
    head = data.find(_HEAD, 0, 2 * _PAGE + 255 + len(_HEAD))
    last = data.rfind(OGG)
    if not data.startswith(OGG) or head < 0 or last + _PAGE > len(data):
        raise ContentError("This file is not Opus in Ogg (.opus, .ogg). Convert it first.")
    # RFC 7845, section 5.1: what a decoder drops at the beginning.
    skipped = int.from_bytes(data[head + 10 : head + 12], "little")
    end = int.from_bytes(data[last + 6 : last + 14], "little", signed=True)
    if end <= skipped:
        raise ContentError("The recording has no end: it was cut off. Record it again.")
    return end - skipped

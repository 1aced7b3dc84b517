import pytest
from tests.recordings import page, recording

from graphchat.content.voice import make_voice
from graphchat.errors import ContentError


@pytest.mark.parametrize("skipped", [0, 312])
@pytest.mark.parametrize("milliseconds", [1, 1500, 3_600_000])
def test_a_recording_says_how_long_it_lasts(milliseconds: int, skipped: int) -> None:
    data = recording(milliseconds, skipped)
    voice = make_voice(data, b"\1\2")
    assert (voice.data, voice.duration_ms, voice.waveform) == (data, milliseconds, b"\1\2")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not Opus in Ogg"),
        (b"RIFF" + recording()[4:], "not Opus in Ogg"),
        (page(48_000, b"\x80theora"), "not Opus in Ogg"),
        (recording()[:20], "not Opus in Ogg"),
        (recording()[:-20], "not Opus in Ogg"),
        (page(0, b"OpusHead\1\1\0\0" + bytes(7)), "cut off"),
        (recording(1500) + page(-1, b"x"), "cut off"),
        (recording(3_600_001), "duration"),
        (recording() + bytes(700_000), "has 700,"),
    ],
)
def test_what_is_no_recording_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(ContentError, match=sentence):
        make_voice(data)

"""Messages that people say: they fill the history of a conversation.

Every one of them can answer another one: ``reply_to`` is the id of that message (16 bytes,
or empty), ``quote`` up to 200 characters of it for whoever does not have it any more.
"""

from typing import Final, Literal, get_args

from msgspec import Struct, field

from graphchat.content import rules
from graphchat.errors import ContentError

MAX_TEXT: Final = 100_000
MAX_CAPTION: Final = 1000
# With its thumbnail and caption it fits into one envelope of the largest size class.
MAX_IMAGE: Final = 700_000
MAX_THUMBNAIL: Final = 16 * 1024
MAX_SIDE: Final = 16_384
MAX_VOICE: Final = 700_000
MAX_DURATION_MS: Final = 3_600_000
MAX_BARS: Final = 128
OGG: Final = b"OggS"
"""What every page of an Ogg file begins with (RFC 3533)."""
MAX_LABEL: Final = 200
# Metres: half round the Earth.
MAX_ACCURACY: Final = 20_040_000

Mime = Literal["image/jpeg", "image/png", "image/webp"]


class Text(Struct, tag_field="type", tag="text", frozen=True, omit_defaults=True):
    """CommonMark of at most 100,000 characters.

    Raises `ContentError` if it is longer, or no valid Unicode.
    """

    text: str
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        rules.reply(self.reply_to, self.quote)
        rules.prose("text", self.text, MAX_TEXT)


class Image(Struct, tag_field="type", tag="image", frozen=True, omit_defaults=True):
    """A picture that travels inside its message. `pictures.make_image` makes a safe one.

    What arrives is as the sender made it: nothing has looked inside ``data`` yet.

    Raises `ContentError` if a part is larger than it may be.
    """

    data: bytes
    mime: Mime
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    # Made by a factory, they travel also when they are empty: so they did from the beginning.
    thumbnail: bytes = field(default_factory=bytes)
    """A few KiB of the same picture, to show before it is opened; may be empty."""
    caption: str = field(default_factory=str)
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        rules.reply(self.reply_to, self.quote)
        rules.size("picture", self.data, 1, MAX_IMAGE)
        rules.size("thumbnail", self.thumbnail, 0, MAX_THUMBNAIL)
        rules.number("width of the picture", self.width, 1, MAX_SIDE)
        rules.number("height of the picture", self.height, 1, MAX_SIDE)
        rules.prose("caption", self.caption, MAX_CAPTION)
        if self.mime not in get_args(Mime):
            raise ContentError("The picture must be PNG, JPEG or WebP. Convert it first.")


class Voice(Struct, tag_field="type", tag="voice", frozen=True, omit_defaults=True):
    """Somebody speaking: Opus in Ogg (RFC 7845). `voice.make_voice` makes one of a file.

    What arrives is as the sender made it: nothing has listened to ``data`` yet.

    Raises `ContentError` if a part is larger than it may be, or ``data`` is no Ogg file.
    """

    data: bytes
    duration_ms: int
    """Milliseconds, at most an hour."""
    waveform: bytes = b""
    """How loud it is over its length, a byte for each bar, at most 128; may be empty."""
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        rules.reply(self.reply_to, self.quote)
        rules.size("recording", self.data, 1, MAX_VOICE)
        rules.size("waveform", self.waveform, 0, MAX_BARS)
        rules.number("duration of the recording", self.duration_ms, 1, MAX_DURATION_MS)
        if not self.data.startswith(OGG):
            raise ContentError("The recording must be Opus in an Ogg file. Convert it first.")


class Location(Struct, tag_field="type", tag="location", frozen=True, omit_defaults=True):
    """A place on the Earth, by WGS 84.

    Raises `ContentError` if it is none, or a part is out of its limits.
    """

    latitude: float
    """Degrees, north is positive."""
    longitude: float
    """Degrees, east is positive."""
    accuracy: float = 0.0
    """Metres round it in which the true place is; 0 if that is not known."""
    label: str = ""
    """What is there: one line of at most 200 characters."""
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        rules.reply(self.reply_to, self.quote)
        rules.number("latitude", self.latitude, -90, 90)
        rules.number("longitude", self.longitude, -180, 180)
        rules.number("accuracy", self.accuracy, 0, MAX_ACCURACY)
        rules.line("label of the place", self.label, MAX_LABEL)


Said = Text | Image | Voice | Location
"""Every message of this module that can be a frame."""

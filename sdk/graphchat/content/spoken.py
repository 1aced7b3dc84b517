"""Messages that people read: they fill the history of a conversation."""

from typing import Final, Literal, get_args

from msgspec import Struct

from graphchat.content import rules
from graphchat.errors import ContentError

MAX_TEXT: Final = 100_000
MAX_CAPTION: Final = 1000
# With its thumbnail and caption it fits into one envelope of the largest size class.
MAX_IMAGE: Final = 700_000
MAX_THUMBNAIL: Final = 16 * 1024
MAX_SIDE: Final = 16_384

Mime = Literal["image/jpeg", "image/png", "image/webp"]


class Text(Struct, tag_field="type", tag="text", frozen=True):
    """CommonMark of at most 100,000 characters.

    Raises `ContentError` if it is longer, or no valid Unicode.
    """

    text: str

    def __post_init__(self) -> None:
        rules.prose("text", self.text, MAX_TEXT)


class Image(Struct, tag_field="type", tag="image", frozen=True):
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
    thumbnail: bytes = b""
    """A few KiB of the same picture, to show before it is opened; may be empty."""
    caption: str = ""

    def __post_init__(self) -> None:
        rules.size("picture", self.data, 1, MAX_IMAGE)
        rules.size("thumbnail", self.thumbnail, 0, MAX_THUMBNAIL)
        rules.number("width of the picture", self.width, 1, MAX_SIDE)
        rules.number("height of the picture", self.height, 1, MAX_SIDE)
        rules.prose("caption", self.caption, MAX_CAPTION)
        if self.mime not in get_args(Mime):
            raise ContentError("The picture must be PNG, JPEG or WebP. Convert it first.")


Spoken = Text | Image
"""Every message of this module that can be a frame."""

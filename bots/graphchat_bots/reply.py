"""What handlers answer with, and how it becomes messages."""

import asyncio
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from msgspec import structs
from PIL.Image import Image as Picture

from graphchat.content import Image, Message, Text
from graphchat.content.pictures import MAX_FILE, make_image
from graphchat.errors import ContentError


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than text.

    ``image`` is the path or the bytes of a PNG, JPEG or WebP file, a picture of Pillow, or a
    finished `graphchat.content.Image`; ``text`` is then its caption, if there is any.
    """

    text: str = ""
    image: Path | bytes | Picture | Image | None = None


Answer = str | Reply | Text | Image | None
"""What a handler may return or yield; ``None`` says nothing."""

ANSWERS: Final = (str, Reply, Text, Image)


async def message_of(answer: str | Reply | Text | Image) -> Message:
    """Return the message that says ``answer``.

    Raises `ContentError` if it is too long, or the picture cannot be used.
    """
    match answer:
        case str():
            return Text(answer)
        case Text() | Image():
            return answer
        case Reply(text=text, image=None):
            return Text(text)
        case Reply(text=text, image=Image() as image):
            return structs.replace(image, caption=text) if text else image
        case Reply(text=text, image=(Path() | bytes() | Picture()) as image):
            # Up to some seconds of processor time, in which other chats go on.
            return await asyncio.to_thread(_picture, text, image)
        case _:
            raise ContentError("A handler answered with something that is no text and no picture.")


def _picture(caption: str, image: Path | bytes | Picture) -> Image:
    match image:
        case Path():
            with image.open("rb") as file:
                return make_image(file.read(MAX_FILE + 1), caption)
        case bytes():
            return make_image(image, caption)
        case Picture():
            written = BytesIO()
            image.save(written, "PNG")
            return make_image(written.getvalue(), caption)

"""What handlers answer with, and how it becomes messages."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Final

from msgspec import structs
from PIL.Image import Image as Picture

from graphchat.content import Choices, Form, Image, Option, Repliable, Text
from graphchat.content.asking import MAX_OPTION_ID
from graphchat.content.pictures import MAX_FILE, make_image
from graphchat.content.rules import MAX_QUOTE
from graphchat.errors import ContentError
from graphchat_bots.parcel import Attachment, Parcel, attachment


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than text: of picture, file, choices and form it has one.

    ``image`` is the path or the bytes of a PNG, JPEG or WebP file, a picture of Pillow, or a
    finished `graphchat.content.Image`; ``text`` is then its caption, if there is any.

    ``file`` is the path of any file, which has to stay until it is sent, or up to 8 MiB with
    a ``name``; ``text`` describes it.

    ``choices`` are labels, pairs of an id and a label, or options; ``text`` is the question.
    ``form`` is a form to fill in; ``text``, if there is any, is its title.

    ``quote`` is True for an answer that quotes what it answers, or the id of another message.
    """

    text: str = ""
    image: Path | bytes | Picture | Image | None = None
    file: Path | bytes | None = None
    name: str = ""
    choices: Sequence[str | tuple[str, str] | Option] = ()
    form: Form | None = None
    quote: bool | bytes = False


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message that grows: yield one after the other.

    What is no `Part` ends the message, and the next part begins another.
    """

    text: str


Said = str | Reply | Part | Repliable
Answer = Said | None
"""What a handler may return or yield; ``None`` says nothing."""

ANSWERS: Final = (str, Reply, Part, Repliable)


async def message_of(answer: Said, about: tuple[bytes, str] | None = None) -> Parcel:
    """Return the message that says ``answer``; ``about`` is the id and text of what it answers.

    Raises `ContentError` if it is too long, or what it is made of cannot be used.
    """
    match answer:
        case str():
            return Text(answer)
        case Part(text=text):
            return Text(text)
        case Reply():
            return _quoting(await _parcel(answer), answer.quote, about)
        case _ if isinstance(answer, Repliable):
            return answer
        case _:
            raise ContentError("A handler answered with something that is no message.")


def replying(answer: Said, message_id: bytes, text: str) -> Said:
    """Return ``answer`` as one that quotes this message."""
    match answer:
        case str():
            return Reply(answer, quote=message_id)
        case Part(text=words):
            return Reply(words, quote=message_id)
        case Reply():
            return replace(answer, quote=message_id)
        case _:
            return structs.replace(answer, reply_to=message_id, quote=text[:MAX_QUOTE])


async def _parcel(reply: Reply) -> Parcel:
    parts = (reply.image, reply.file, reply.choices or None, reply.form)
    if sum(part is not None for part in parts) > 1:
        raise ContentError("An answer has a picture, a file, choices or a form, and one of them.")
    if reply.image is not None:
        return await _image(reply.text, reply.image)
    if reply.file is not None:
        return await asyncio.to_thread(attachment, reply.file, reply.name, reply.text)
    if reply.form is not None:
        return structs.replace(reply.form, title=reply.text) if reply.text else reply.form
    if reply.choices:
        return Choices(reply.text, options_of(reply.choices))
    return Text(reply.text)


def options_of(choices: Sequence[str | tuple[str, str] | Option]) -> tuple[Option, ...]:
    """Return the options for labels, pairs of an id and a label, or options.

    The id of a label is the label itself, or its number if it is too long for an id.
    """
    made = []
    for number, choice in enumerate(choices, 1):
        match choice:
            case str():
                fits = len(choice) <= MAX_OPTION_ID
                made.append(Option(choice if fits else str(number), choice))
            case Option():
                made.append(choice)
            case (id_, label):
                made.append(Option(id_, label))
    return tuple(made)


async def _image(caption: str, image: Path | bytes | Picture | Image) -> Image:
    if isinstance(image, Image):
        return structs.replace(image, caption=caption) if caption else image
    # Up to some seconds of processor time, in which other chats go on.
    return await asyncio.to_thread(_picture, caption, image)


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


def _quoting(message: Parcel, quote: bool | bytes, about: tuple[bytes, str] | None) -> Parcel:  # noqa: FBT001 - as `Reply` has it
    if quote is False:
        return message
    if quote is True and about is None:
        raise ContentError("There is no message here that could be quoted.")
    known = about if about is not None and quote in {True, about[0]} else None
    name, text = known or (bytes(quote), "")
    assert isinstance(message, Repliable | Attachment)  # `_parcel` makes nothing else
    return structs.replace(message, reply_to=name, quote=text[:MAX_QUOTE])

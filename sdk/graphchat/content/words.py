"""What a message says in words, for histories, searches, and programs that know text only."""

from graphchat.content.asking import Choice, Choices, Poll
from graphchat.content.codec import Message, Unknown
from graphchat.content.files import File
from graphchat.content.forms import Form, FormAnswer
from graphchat.content.spoken import Image, Location, Text


def text_of(message: Message) -> str:  # noqa: PLR0911 - a table
    """Return the words of ``message``; nothing if it has none."""
    match message:
        case Text(text=text) | Choice(text=text):
            return text
        case Image(caption=caption):
            return caption
        case File(name=name, description=description):
            return f"{name}\n{description}" if description else name
        case Location(label=label):
            return label
        case Choices(question=question, options=options):
            return "\n".join([question, *(option.label for option in options)])
        case Poll(question=question, options=labels):
            return "\n".join([question, *labels])
        case Form(title=title, fields=fields):
            return "\n".join([title, *(field.label for field in fields)])
        case FormAnswer(values=values):
            return "\n".join(f"{name}: {value}" for name, value in values.items())
        case _:
            return ""


def kind_of(message: Message) -> str:
    """Return the ``type`` of ``message``, of one that this version does not know too."""
    if isinstance(message, Unknown):
        return message.type
    return str(type(message).__struct_config__.tag)

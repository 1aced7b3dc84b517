"""Messages about earlier messages: they change lines of a conversation, and add none.

Rule: an edit or a deletion counts only from the author of its target. A reaction or a vote
replaces what its author said about the same target before. Where both sides used the id of a
target, the message of the other side is meant.
"""

from msgspec import Struct

from graphchat.content import emoji, rules
from graphchat.content.asking import MAX_OPTIONS
from graphchat.content.spoken import MAX_TEXT
from graphchat.errors import ContentError


class Edit(Struct, tag_field="type", tag="edit", frozen=True):
    """Replaces the text of a message, or the caption of a picture.

    Raises `ContentError` if the text is longer than a text may be.
    """

    target: bytes
    """The id of the message, 16 bytes."""
    text: str
    """CommonMark, at most 100,000 characters; of a caption the first 1,000 count."""

    def __post_init__(self) -> None:
        rules.message_id("id of the message to edit", self.target)
        rules.prose("text", self.text, MAX_TEXT)


class Delete(Struct, tag_field="type", tag="delete", frozen=True):
    """Asks the other side to forget a message, as its author has. Nothing can be undone."""

    target: bytes
    """The id of the message, 16 bytes."""

    def __post_init__(self) -> None:
        rules.message_id("id of the message to delete", self.target)


class Reaction(Struct, tag_field="type", tag="reaction", frozen=True):
    """One emoji for a message; an empty text takes it back.

    Raises `ContentError` if it is anything else.
    """

    target: bytes
    """The id of the message, 16 bytes."""
    emoji: str

    def __post_init__(self) -> None:
        rules.message_id("id of the message to react to", self.target)
        if self.emoji and not emoji.is_emoji(self.emoji):
            raise ContentError("A reaction is one emoji, and nothing else. Choose one.")


class Vote(Struct, tag_field="type", tag="vote", frozen=True):
    """What somebody answers to a poll; nothing takes the vote back.

    Raises `ContentError` for numbers that no option has, or that come twice.
    """

    target: bytes
    """The id of the message with the poll, 16 bytes."""
    options: tuple[int, ...]
    """Numbers of options, from 0, rising."""

    def __post_init__(self) -> None:
        rules.message_id("id of the poll", self.target)
        rules.number("number of votes", len(self.options), 0, MAX_OPTIONS)
        for option in self.options:
            rules.number("number of an option", option, 0, MAX_OPTIONS - 1)
        if list(self.options) != sorted(set(self.options)):
            raise ContentError("A vote names its options in order, and each once.")


Amending = Edit | Delete | Reaction | Vote
"""Every message of this module that can be a frame."""

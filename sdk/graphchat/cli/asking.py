"""Buttons and forms from what was typed: in the notation in which they are shown."""

from re import fullmatch
from typing import TYPE_CHECKING, Final, cast

from graphchat.cli.errors import WrongUsageError

if TYPE_CHECKING:
    from graphchat.content import Choices, Form, FormField
    from graphchat.content.forms import FieldKind

FIELD: Final = (
    "{text!r} is no field. Like these: --field 'name: Your name' --field 'seats (number,"
    " optional): How many?' --field 'table (choice: inside, outside): Where?'"
)
_NAME: Final = r"[a-z0-9][a-z0-9_-]*"


def buttons(question: str, options: list[str]) -> "Choices":
    """Return a question with buttons; an option is a label, or ID=LABEL."""
    from graphchat.content import Choices, Option

    found = []
    for number, text in enumerate(options, 1):
        named = fullmatch(f"({_NAME})=(.+)", text)
        found.append(Option(*named.groups()) if named else Option(str(number), text))
    return Choices(question, tuple(found))


def form(title: str, fields: list[str]) -> "Form":
    """Return a form. Raises `WrongUsageError` for what is no field."""
    from graphchat.content import Form

    return Form(title, tuple(map(_field, fields)))


def _field(text: str) -> "FormField":
    from graphchat.content import FormField

    found = fullmatch(rf"({_NAME})(?:\s*\(([^()]*)\))?\s*:\s*(.+)", text)
    if found is None:
        raise WrongUsageError(FIELD.format(text=text))
    name, inside, label = found.groups()
    head, _, listed = (inside or "text").partition(":")
    kind, *notes = [part.strip() for part in head.split(",")]
    if notes not in ([], ["optional"]):
        raise WrongUsageError(FIELD.format(text=text))
    choices = tuple(part.strip() for part in listed.split(",")) if listed.strip() else ()
    return FormField(name, label, cast("FieldKind", kind), not notes, choices)

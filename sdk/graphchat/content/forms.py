"""Forms: questions of several fields, and what was filled in."""

import re
from collections.abc import Mapping
from datetime import date
from math import isfinite
from typing import Final, Literal, get_args

from msgspec import Struct

from graphchat.content import rules
from graphchat.errors import ContentError

FieldKind = Literal["text", "number", "date", "choice", "yes-no"]
Value = str | int | float | bool

MAX_TITLE: Final = 2_000
MAX_FIELDS: Final = 30
MAX_FIELD_LABEL: Final = 200
MAX_CHOICES: Final = 50
MAX_CHOICE: Final = 200
MAX_VALUE: Final = 4_000

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class FormField(Struct, frozen=True, omit_defaults=True):
    """One thing to fill in.

    Raises `ContentError` if the name is not 1 to 32 of ``a-z 0-9 _ -``, limits are where they
    mean nothing or contradict each other, or a ``choice`` has nothing to choose from.
    """

    name: str
    """For programs."""
    label: str
    """For people, at most 200 characters."""
    kind: FieldKind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    """For ``choice``: 1 to 50."""
    least: float | None = None
    """For ``number`` the smallest, for ``text`` the fewest characters."""
    most: float | None = None
    """For ``number`` the largest, for ``text`` the most characters."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ContentError(
                "The name of a field has 1 to 32 characters of a-z, 0-9, _ and -; the first is a"
                " letter or a digit."
            )
        rules.name("label of a field", self.label, MAX_FIELD_LABEL)
        if self.kind not in get_args(FieldKind):
            raise ContentError(f"A field is one of: {', '.join(get_args(FieldKind))}.")
        least = 1 if self.kind == "choice" else 0
        rules.number("number of choices", len(self.choices), least, least * MAX_CHOICES)
        for choice in self.choices:
            rules.name("choice", choice, MAX_CHOICE)
        self._check_limits()

    def _check_limits(self) -> None:
        limits = [limit for limit in (self.least, self.most) if limit is not None]
        if limits and self.kind not in {"text", "number"}:
            raise ContentError("Only text and numbers have limits. Remove them.")
        if not all(map(isfinite, limits)) or limits != sorted(limits):
            raise ContentError("The limits of a field leave nothing between them. Change them.")

    def check(self, value: Value) -> None:
        """Raise `ContentError` if ``value`` cannot be an answer here."""
        if not self._fits(value):
            raise ContentError(f"{self.label}: this must be {self._wanted}.")

    def _fits(self, value: Value) -> bool:
        match self.kind, value:
            case "yes-no", bool():
                return True
            case "number", int() | float() if not isinstance(value, bool):
                return isfinite(value) and self._within(value)
            case "text", str():
                return self._within(len(value))
            case "choice", str():
                return value in self.choices
            case "date", str():
                return _is_date(value)
            case _:
                return False

    def _within(self, size: float) -> bool:
        least = self.least is None or size >= self.least
        return least and (self.most is None or size <= self.most)

    @property
    def _wanted(self) -> str:
        wanted = {
            "text": "text",
            "number": "a number",
            "date": "a date, such as 2030-12-31",
            "choice": f"one of: {', '.join(self.choices)}",
            "yes-no": "yes or no",
        }[self.kind]
        least = "" if self.least is None else f" from {self.least:g}"
        most = "" if self.most is None else f" up to {self.most:g}"
        unit = " characters" if self.kind == "text" and (least or most) else ""
        return f"{wanted}{least}{most}{unit}"


class Form(Struct, tag_field="type", tag="form", frozen=True, omit_defaults=True):
    """1 to 30 fields to fill in.

    Raises `ContentError` if there are fewer or more, two with one name, or nothing to read.
    """

    title: str
    """CommonMark, at most 2,000 characters."""
    fields: tuple[FormField, ...]
    reply_to: bytes = b""
    quote: str = ""

    def __post_init__(self) -> None:
        rules.reply(self.reply_to, self.quote)
        rules.shown("title of the form", self.title, MAX_TITLE)
        rules.number("number of fields", len(self.fields), 1, MAX_FIELDS)
        if len({field.name for field in self.fields}) != len(self.fields):
            raise ContentError("Two fields of the form have the same name. Rename one of them.")

    def check(self, values: Mapping[str, Value]) -> None:
        """Raise `ContentError` if ``values`` do not fill in this form, by the names of fields."""
        fields = {field.name: field for field in self.fields}
        for name, value in values.items():
            if name not in fields:
                raise ContentError(f"The form has no field {name!r}. Fields: {', '.join(fields)}.")
            fields[name].check(value)
        for field in self.fields:
            if field.required and field.name not in values:
                raise ContentError(f"{field.label}: this is missing, and has to be filled in.")


class FormAnswer(Struct, tag_field="type", tag="form.answer", frozen=True):
    """A form that was filled in; nothing has compared it with the form yet (`Form.check`).

    Raises `ContentError` if there are more than 30 values, or one is too long.
    """

    target: bytes
    """The id of the message with the form, 16 bytes."""
    values: dict[str, Value]
    """By the names of fields; dates as ``YYYY-MM-DD``, at most 4,000 characters each."""

    def __post_init__(self) -> None:
        rules.message_id("id of the form", self.target)
        rules.number("number of values", len(self.values), 0, MAX_FIELDS)
        for name, value in self.values.items():
            if not _NAME.fullmatch(name):
                raise ContentError("A value has a name that no field can have. Name its field.")
            if isinstance(value, str):
                rules.prose("value of a field", value, MAX_VALUE)
            elif isinstance(value, int):
                rules.number("value of a field", value, -rules.MAX_INTEGER)
            elif not isfinite(value):
                raise ContentError("The value of a field is no number. Give another.")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return _DATE.fullmatch(text) is not None


Filled = Form | FormAnswer
"""Every message of this module that can be a frame."""

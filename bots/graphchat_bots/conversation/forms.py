"""Forms: a struct whose fields are asked one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from graphchat_bots.conversation.prompts import Prompt, optional, prompt
from graphchat_bots.conversation.question import Q


class Form(msgspec.Struct):
    """What `Ctx.fill` asks for, field by field.

    A field is ``name: Annotated[type, Q("question?")]``; without a `Q` its name is the
    question. What has a default, or may be ``None``, may be skipped.
    """


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    name: str
    prompt: Prompt


def fields_of(form: type[Form]) -> Iterator[Field]:
    """Yield the fields in their order.

    Raises `TypeError` if nothing that people say can become the value of one.
    """
    hints = get_type_hints(form, include_extras=True)
    for spec in msgspec.structs.fields(form):
        kind, question = _parts(spec.name, hints[spec.name])
        question = replace(question, id=question.id or f"{form.__name__}.{spec.name}")
        inner, may_be_none = _without_none(kind)
        if not spec.required:
            found = optional(question, inner, _default(spec))
        elif may_be_none:
            found = optional(question, inner, None)
        else:
            found = prompt(question, inner)
        yield Field(spec.name, found)


def _parts(name: str, annotation: Any) -> tuple[Any, Q]:
    if get_origin(annotation) is Annotated:
        kind, *extras = get_args(annotation)
        for extra in extras:
            if isinstance(extra, Q):
                return kind, extra
        annotation = kind
    return annotation, Q(f"{name.replace('_', ' ').capitalize()}?")


def _without_none(kind: Any) -> tuple[Any, bool]:
    if get_origin(kind) in {Union, UnionType}:
        inner = [member for member in get_args(kind) if member is not NoneType]
        if len(inner) == 1:
            return inner[0], True
    return kind, False


def _default(spec: msgspec.structs.FieldInfo) -> object:
    factory = spec.default_factory
    return spec.default if factory is msgspec.NODEFAULT else factory()

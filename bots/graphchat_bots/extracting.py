"""Finds the texts of a bot for its catalogue: a method of extraction for babel.

Beside what babel finds by itself: the docstrings of commands, which are their help, questions
and options of conversations, what the bot says about itself, and what errors say by default.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import IO, Any, Final, cast

from babel.messages.extract import extract_python

Found = tuple[int, str | None, str | tuple[str, ...], list[str]]
"""A line, the function round the text, the text or its singular and plural, and comments."""

_QUESTIONS: Final = frozenset({"Q", "ask", "choose", "confirm"})


def extract(
    fileobj: IO[bytes],
    keywords: Mapping[str, Any],
    comment_tags: Collection[str],
    options: Any,
) -> Iterator[Found]:
    """Yield the texts of a Python file. Named in the mapping file of ``pybabel extract``."""
    source = fileobj.read()
    fileobj.seek(0)
    # Babel declares another order than it has.
    yield from cast("Iterator[Found]", extract_python(fileobj, keywords, comment_tags, options))
    for node in ast.walk(ast.parse(source)):
        for text in _texts(node):
            yield getattr(node, "lineno", 1), None, text, []


def _texts(node: ast.AST) -> Iterable[str]:
    match node:
        case ast.AsyncFunctionDef(decorator_list=decorators) if any(map(_is_command, decorators)):
            return _constants([ast.Constant(ast.get_docstring(node) or "")])
        case ast.ClassDef(bases=bases) if "UserError" in {node.name, *map(_name, bases)}:
            return _constants([ast.Constant((ast.get_docstring(node) or "").partition("\n")[0])])
        case ast.Call(func=function, args=args, keywords=keywords):
            return _of_call(_name(function), args, keywords)
        case _:
            return ()


def _of_call(name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> Iterable[str]:
    if name == "Bot":
        return _constants([each.value for each in keywords if each.arg == "about"])
    if name not in _QUESTIONS:
        return ()
    options = args[1].elts if len(args) > 1 and isinstance(args[1], ast.List | ast.Tuple) else []
    return _constants([*args[:1], *options])


def _constants(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value


def _is_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and _name(decorator.func) == "command"


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""

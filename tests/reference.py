"""Writes ``docs/bots/reference.md`` from the code of the bot runtime: ``make describe``."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from textwrap import dedent
from types import ModuleType
from typing import Any, Final

from typer.main import get_command

import graphchat_bots
from graphchat_bots import port, sent, streaming
from graphchat_bots.cli.app import app
from graphchat_bots.testing import person, room, world

# What handlers and tests are given, and do not import.
GIVEN: Final = ((sent, "Sent"), (streaming, "Stream"), (port, "Invitation"))
TESTS: Final = ((world, "World"), (person, "Person"), (room, "Room"))
# Members that the runtime needs say so.
INNER: Final = "For the runtime."

HEAD: Final = """\
# Reference

Every public name, as the code says it. Written by `make describe`. [Back to the list](README.md).
"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def page() -> str:
    """Return the whole page."""
    names = [(_module(name), name) for name in sorted(graphchat_bots.__all__)]
    parts = [HEAD, "Import these from `graphchat_bots`.\n"]
    parts += [_entry(*name) for name in names]
    parts += ["# What handlers are given\n", *(_entry(*name) for name in GIVEN)]
    parts += ["# Tests\n", *(_entry(*name) for name in TESTS)]
    parts += ["# Commands\n", *_commands()]
    return "\n".join(parts)


def _module(name: str) -> ModuleType:
    return import_module(f"graphchat_bots.{graphchat_bots._HOMES[name]}")


def _entry(module: ModuleType, name: str) -> str:
    found = _find(ast.parse(inspect.getsource(module)).body, name)
    title = f"## {name}\n"
    match found:
        case ast.ClassDef(), _:
            return "\n".join([title, *_class(found[0])])
        case ast.FunctionDef() | ast.AsyncFunctionDef(), _:
            return "\n".join([title, *_function([found[0]])])
        case node, text:
            return "\n".join([title, _code(ast.unparse(node)), f"{_prose(text)}\n"])


def _find(body: list[ast.stmt], name: str) -> tuple[Any, str]:
    """Return the statement that makes a name, and the docstring that stands behind it."""
    for node, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
                return node, ""
            case (
                ast.Assign(targets=[ast.Name(id=made)]) | ast.AnnAssign(target=ast.Name(id=made))
            ) if made == name:
                return node, _said(after)
            case _:
                pass
    raise LookupError(name)


def _said(node: ast.stmt) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return inspect.cleandoc(text)
        case _:
            return ""


def _class(node: ast.ClassDef) -> Iterator[str]:
    yield f"{_prose(ast.get_docstring(node) or '')}\n"
    fields = list(_fields(node))
    if fields:
        yield "\n".join(["| field | |", "|---|---|", *fields, ""])
    groups: dict[str, list[Function]] = {}
    for each in node.body:
        if isinstance(each, Function) and (each.name[0] != "_" or each.name == "__init__"):
            groups.setdefault(each.name, []).append(each)
    for functions in groups.values():
        text = "".join(ast.get_docstring(each) or "" for each in functions)
        if INNER not in text:
            yield from _function(functions)


def _fields(node: ast.ClassDef) -> Iterator[str]:
    for each, after in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        match each:
            case ast.AnnAssign(target=ast.Name(id=name)) if name[0] != "_":
                text = " ".join(_prose(_said(after)).split())
                yield f"| `{_cell(ast.unparse(each))}` | {_cell(text)} |"
            case ast.Assign(targets=[ast.Name(id=name)]) if name[0] != "_":
                yield f"| `{ast.unparse(each)}` | |"
            case _:
                pass


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _function(functions: list[Function]) -> Iterator[str]:
    # The one that runs is less exact than the overloads, and has the docstring.
    shown = functions[:-1] or functions
    yield _code("\n".join(map(_signature, shown)))
    if text := ast.get_docstring(functions[-1]):
        yield f"{_prose(text)}\n"


def _signature(node: Function) -> str:
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    head = "@property\n" if "property" in marks else ""
    arguments = ast.unparse(node.args).removeprefix("self").removeprefix(", ")
    return f"{head}{kind} {node.name}({arguments}){returns}"


def _code(text: str) -> str:
    # Not ``python``: what is shown are no programs.
    return f"```py\n{text}\n```\n"


def _prose(text: str) -> str:
    return re.sub(r"``([^`]*)``", r"`\1`", dedent(text))


def _commands() -> Iterator[str]:
    group: Any = get_command(app)
    for path, command in _leaves(["graphchat", "bot"], group):
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        options = [each for each in command.params if each.param_type_name == "option"]
        usage = " ".join([*path, *(each.metavar or each.name.upper() for each in arguments)])
        yield f"## {' '.join(path[1:])}\n"
        yield f"`{usage}`\n"
        yield f"{_prose(inspect.cleandoc(command.help))}\n"
        if options:
            rows = (f"| `{', '.join(each.opts)}` | {_cell(each.help or '')} |" for each in options)
            yield "\n".join(["| option | |", "|---|---|", *rows, ""])


def _leaves(path: list[str], command: Any) -> Iterator[tuple[list[str], Any]]:
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from _leaves([*path, name], each)
        else:
            yield [*path, name], each


if __name__ == "__main__":
    sys.stdout.write(page())

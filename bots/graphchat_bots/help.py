"""What a bot says about itself, in CommonMark that also reads well as plain text."""

from difflib import get_close_matches

from graphchat_bots.arguments import wish
from graphchat_bots.languages import COMMAND
from graphchat_bots.plan import Command, Plan
from graphchat_bots.speech import gettext, marked, of_bot

HELP_LINE = marked("- /help: shows this")
LANGUAGE_LINE = marked("- /{command}: changes my language")
# Characters of the name of a command.
LONGEST = 32


def overview(plan: Plan) -> str:
    """List every command, and say so if the bot also answers plain messages."""
    lines = [of_bot(plan.about) or gettext("I am {name}.").format(name=plan.name), ""]
    lines += [f"- {command.usage()}{_colon(_summary(command))}" for command in plan.commands]
    if "help" not in plan.by_name:
        lines.append(gettext(HELP_LINE))
    if plan.languages is not None and plan.languages.are_several and COMMAND not in plan.by_name:
        lines.append(gettext(LANGUAGE_LINE).format(command=COMMAND))
    if plan.messages:
        lines += ["", gettext("I also answer plain messages.")]
    return "\n".join(lines)


def details(command: Command) -> str:
    """Say everything about one command."""
    lines = [command.usage()]
    if command.rule.handler.help:
        lines += ["", of_bot(command.rule.handler.help)]
    if command.rule.handler.arguments:
        lines.append("")
    for argument in command.rule.handler.arguments:
        optional = "" if argument.required else " " + gettext("It may be left out.")
        lines.append(f"- {wish(argument)}{optional}")
    if command.aliases:
        others = ", ".join(f"/{alias}" for alias in command.aliases)
        lines += ["", gettext("Also: {names}").format(names=others)]
    return "\n".join(lines)


def topic(plan: Plan, text: str) -> str:
    """Say what ``/help`` says of ``text``: one command, or all of them."""
    words = text.split(maxsplit=1)
    # What is repeated here is no longer than the name of a command can be.
    name = words[0].removeprefix("/").lower()[:LONGEST] if words else ""
    if name in plan.by_name:
        return details(plan.by_name[name])
    if name in {"", "help"}:
        return overview(plan)
    nothing = gettext("There is no command {name}.").format(name=name)
    return f"{nothing}{_hint(plan, name)}\n\n{overview(plan)}"


def unknown(plan: Plan, name: str) -> str:
    """Say that there is no such command, and which one may have been meant."""
    nothing = gettext("I do not know /{name}.").format(name=name)
    where = gettext("/help lists what I can do.")
    return f"{nothing}{_hint(plan, name)} {where}"


def _hint(plan: Plan, name: str) -> str:
    near = get_close_matches(name, [*plan.by_name, "help"], 1)
    if not near or near[0] == "help":
        return ""
    return " " + gettext("Did you mean /{name}?").format(name=near[0])


def _summary(command: Command) -> str:
    return of_bot(command.rule.handler.help).partition("\n")[0]


def _colon(text: str) -> str:
    return f": {text}" if text else ""

"""What a bot says about itself, in CommonMark that also reads well as plain text."""

from difflib import get_close_matches

from graphchat_bots.plan import Command, Plan

HELP_LINE = "- /help: shows this"
# Characters of the name of a command.
LONGEST = 32


def overview(plan: Plan) -> str:
    """List every command, and say so if the bot also answers plain messages."""
    lines = [plan.about or f"I am {plan.name}.", ""]
    lines += [f"- {command.usage()}{_colon(_summary(command))}" for command in plan.commands]
    if "help" not in plan.by_name:
        lines.append(HELP_LINE)
    if plan.messages:
        lines += ["", "I also answer plain messages."]
    return "\n".join(lines)


def details(command: Command) -> str:
    """Say everything about one command."""
    lines = [command.usage()]
    if command.rule.handler.help:
        lines += ["", command.rule.handler.help]
    if command.rule.handler.arguments:
        lines.append("")
    for argument in command.rule.handler.arguments:
        optional = "" if argument.required else " It may be left out."
        lines.append(f"- {argument.label()} must be {argument.converter.wanted}.{optional}")
    if command.aliases:
        lines += ["", "Also: " + ", ".join(f"/{alias}" for alias in command.aliases)]
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
    return f"There is no command {name}.{_hint(plan, name)}\n\n{overview(plan)}"


def unknown(plan: Plan, name: str) -> str:
    """Say that there is no such command, and which one may have been meant."""
    return f"I do not know /{name}.{_hint(plan, name)} /help lists what I can do."


def _hint(plan: Plan, name: str) -> str:
    near = get_close_matches(name, [*plan.by_name, "help"], 1)
    return f" Did you mean /{near[0]}?" if near and near[0] != "help" else ""


def _summary(command: Command) -> str:
    return command.rule.handler.help.partition("\n")[0]


def _colon(text: str) -> str:
    return f": {text}" if text else ""

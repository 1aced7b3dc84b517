"""What a bot says about itself, in CommonMark that also reads well as plain text."""

from difflib import get_close_matches

from graphchat_bots.plan import Command, Plan

HELP_LINE = "- /help: shows this"


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


def unknown(plan: Plan, name: str) -> str:
    """Say that there is no such command, and which one may have been meant."""
    near = get_close_matches(name, [*plan.by_name, "help"], 1)
    hint = f" Did you mean /{near[0]}?" if near and near[0] != "help" else ""
    return f"I do not know /{name}.{hint} /help lists what I can do."


def _summary(command: Command) -> str:
    return command.rule.handler.help.partition("\n")[0]


def _colon(text: str) -> str:
    return f": {text}" if text else ""

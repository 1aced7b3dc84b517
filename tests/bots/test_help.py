from datetime import timedelta

from graphchat_bots import Bot, Message, Rest
from graphchat_bots.help import details, overview, topic, unknown


def shop() -> Bot:
    bot = Bot("shop", about="I sell shirts.")

    @bot.command(aliases=["r"])
    async def remind(when: timedelta, text: Rest | None = None) -> str:
        """Remind me about something.

        For example /remind 5m tea.
        """
        return ""

    @bot.command()
    async def ping() -> str:
        return ""

    return bot


def test_help_lists_every_command() -> None:
    assert overview(shop().plan()) == (
        "I sell shirts.\n\n"
        "- /remind WHEN [TEXT]: Remind me about something.\n"
        "- /ping\n"
        "- /help: shows this"
    )


def test_help_says_that_plain_messages_are_answered() -> None:
    bot = Bot("echo")

    @bot.message()
    async def echo(msg: Message) -> str:
        return msg.text

    assert (
        overview(bot.plan())
        == "I am echo.\n\n- /help: shows this\n\nI also answer plain messages."
    )


def test_help_of_a_command_says_everything_about_it() -> None:
    assert details(shop().plan().by_name["r"]) == (
        "/remind WHEN [TEXT]\n\n"
        "Remind me about something.\n\nFor example /remind 5m tea.\n\n"
        "- WHEN must be a time, for example 5m or 1h30m.\n"
        "- TEXT must be some text. It may be left out.\n\n"
        "Also: /r"
    )


def test_a_command_that_does_not_exist_may_be_a_slip() -> None:
    plan = shop().plan()
    assert unknown(plan, "remnd") == (
        "I do not know /remnd. Did you mean /remind? /help lists what I can do."
    )
    assert unknown(plan, "xyz") == "I do not know /xyz. /help lists what I can do."


def test_help_about_no_command_says_so_and_lists_those_that_there_are() -> None:
    plan = shop().plan()
    assert topic(plan, " nope\n") == f"There is no command nope.\n\n{overview(plan)}"
    assert topic(plan, "/Remnd me") == (
        f"There is no command remnd. Did you mean /remind?\n\n{overview(plan)}"
    )
    assert topic(plan, "x" * 4000) == f"There is no command {'x' * 32}.\n\n{overview(plan)}"


def test_help_about_a_command_or_nothing_is_help() -> None:
    plan = shop().plan()
    assert topic(plan, "/R") == topic(plan, "remind") == details(plan.by_name["remind"])
    assert topic(plan, "") == topic(plan, " ") == topic(plan, "help") == overview(plan)

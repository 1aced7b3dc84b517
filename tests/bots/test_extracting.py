from io import BytesIO

from graphchat_bots.extracting import extract

SHOP = '''
bot = Bot("shop", about="I sell shirts.")

class Shirt(Form):
    size: Annotated[str, Q("Which size?")]

class ClosedError(UserError):
    """The shop is closed.

    For the reader of the code.
    """

class Other(Base):
    """Nothing that is said."""

@bot.command(aliases=["b"])
async def buy(ctx: Ctx) -> str:
    """Buy shirts.

    Nine at most.
    """
    await ctx.ask("How many?")
    await ctx.choose("Which?", ["red", "blue"])
    await ctx.confirm(variable)
    return ctx.ngettext("one shirt", "{n} shirts", n) + ctx.gettext("Thanks")

@bot.message()
async def rest(msg: Message) -> None:
    """Not said either."""
'''


def test_everything_that_a_bot_says_is_found() -> None:
    keywords = {"gettext": None, "ngettext": (1, 2)}
    found = list(extract(BytesIO(SHOP.encode()), keywords, (), {}))
    texts = [text for _, name, text, _ in found if name is None]
    assert sorted(map(str, texts)) == [
        "Buy shirts.\n\nNine at most.",
        "How many?",
        "I sell shirts.",
        "The shop is closed.",
        "Which size?",
        "Which?",
        "blue",
        "red",
    ]
    assert {name for _, name, _, _ in found} == {None, "gettext", "ngettext"}


def test_each_has_its_line() -> None:
    found = {text: line for line, _, text, _ in extract(BytesIO(SHOP.encode()), {}, (), {})}
    assert found["Which size?"] == 5

import asyncio
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Annotated, Final, Literal

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import given, strategies as st

import graphchat_bots
from graphchat_bots import Bot, Ctx, Form, Q, Rest, UserError
from graphchat_bots.faults import Fault
from graphchat_bots.languages import OWN, read_languages
from graphchat_bots.rates import Refusal
from graphchat_bots.speech import speak

PACKAGE: Final = Path(graphchat_bots.__file__).parent
LOCALES: Final = ("de", "es", "fr", "nl")

Texts = dict[str | tuple[str, str], str | tuple[str, ...]]

GERMAN: Final[Texts] = {
    "I sell shirts.": "Ich verkaufe Hemden.",
    "Order a shirt.": "Ein Hemd bestellen.",
    "Which size?": "Welche Größe?",
    "small": "klein",
    "large": "groß",
    "Gift wrap?": "Als Geschenk?",
    "Done: {size}": "Fertig: {size}",
    ("{n} shirt", "{n} shirts"): ("{n} Hemd", "{n} Hemden"),
}


class Shirt(Form):
    size: Annotated[Literal["small", "large"], Q("Which size?")]
    gift: Annotated[bool, Q("Gift wrap?")] = False


def write_catalogue(folder: Path, locale: str, texts: Texts) -> None:
    catalogue = Catalog(locale)
    for text, translated in texts.items():
        catalogue.add(text, translated)
    target = folder / locale / "LC_MESSAGES"
    target.mkdir(parents=True)
    with (target / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)


def shop(folder: Path, locale: str | None = None) -> Bot:
    if not (folder / "texts").exists():
        write_catalogue(folder / "texts", "de", GERMAN)
    bot = Bot("shop", about="I sell shirts.", locale=locale, catalogue=folder / "texts")

    @bot.command()
    async def order(ctx: Ctx) -> str:
        """Order a shirt."""
        shirt = await ctx.fill(Shirt)
        return ctx.gettext("Done: {size}").format(size=f"{shirt.size} {shirt.gift} {ctx.locale}")

    @bot.command()
    async def count(ctx: Ctx, n: int) -> str:
        return ctx.ngettext("{n} shirt", "{n} shirts", n).format(n=n)

    @bot.command()
    async def fails(text: Rest) -> str:
        raise ValueError

    return bot


async def test_a_bot_with_a_locale_speaks_it_from_the_beginning(tmp_path: Path) -> None:
    bot = Bot("kiosk", locale="de")

    @bot.command()
    async def count(n: int) -> str:
        raise UserError

    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/count x") == [
            """„x“ passt nicht: Für N brauche ich eine ganze Zahl, zum Beispiel 3.

So geht es: /count N"""
        ]
        assert await ann.says("/count 3") == ["Das hat nicht geklappt."]
        assert await ann.says("/cancel") == ["Es gibt nichts abzubrechen."]
        assert await ann.says("/language nl") == [
            "/language kenne ich nicht. /help zeigt, was ich kann."
        ]
        assert await ann.says("/help") == ["Ich bin kiosk.\n\n- /count N\n- /help: zeigt das hier"]


async def test_each_sender_chooses_a_language_and_it_stays(tmp_path: Path) -> None:
    async with shop(tmp_path).testing(tmp_path) as world:
        ann, ben = world.person("Ann"), world.person("Ben")
        assert await ann.says("/language") == [
            "I speak:\n- en: English\n- de: Deutsch\n\nChoose one, for example by /language de."
        ]
        assert await ann.says("/language Deutsch") == ["Ab jetzt spreche ich Deutsch."]
        assert await ann.says("/count 1") == ["1 Hemd"]
        assert await ben.says("/count 2") == ["2 shirts"]
        assert await ben.says("/language xx") == [
            "I do not speak that. /language lists what I speak."
        ]
        await world.crash()
        assert await ann.says("/count 2") == ["2 Hemden"]
        assert await ann.says("/help") == [
            """Ich verkaufe Hemden.

- /order: Ein Hemd bestellen.
- /count N
- /fails TEXT
- /help: zeigt das hier
- /language: ändert meine Sprache"""
        ]
        assert await ann.says("/language EN") == ["From now on I speak English."]


async def test_a_conversation_is_held_in_the_language_of_its_parts(tmp_path: Path) -> None:
    async with shop(tmp_path).testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("/order") == ["Which size? 1) small 2) large"]
        assert await ann.says("/language de") == ["Ab jetzt spreche ich Deutsch."]
        assert await ann.says("rund") == [
            "Ich brauche klein oder groß. Welche Größe? 1) klein 2) groß"
        ]
        assert await ann.says("groß") == ["Als Geschenk? (oder weiter) (ja/nein)"]
        await world.crash()
        await ann.says("/language en")
        assert await ann.says("vielleicht") == ["I need yes or no. Gift wrap? (or skip) (yes/no)"]
        await ann.says("/language de")
        assert await ann.says("ja") == ["Fertig: large True de"]


async def test_answers_of_an_earlier_language_are_understood_in_a_replay(tmp_path: Path) -> None:
    bot = shop(tmp_path, "de")

    @bot.command()
    async def two(ctx: Ctx) -> str:
        first = await ctx.confirm("One?")
        said = ctx.locale
        await ctx.ask("Two?")
        return f"{first} {said} {ctx.locale}"

    write_catalogue(tmp_path / "texts", "fr", {"One?": "Un ?", "Two?": "Deux ?"})
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/two")
        assert await ann.says("ja") == ["Two?"]
        await ann.says("/language fr")
        await world.crash()
        assert await ann.says("x") == ["True de fr"]


async def test_the_apology_is_in_the_language_of_the_sender(tmp_path: Path) -> None:
    async with shop(tmp_path).testing(tmp_path) as world:
        ann = world.person("Ann")
        await ann.says("/language de")
        with world.expecting(ValueError):
            (said,) = await ann.says("/fails now")
        assert str(said).startswith("Entschuldige, hier ist etwas schiefgegangen. Kennzeichen: ")


def test_what_is_wrong_with_languages_is_found(tmp_path: Path) -> None:
    def faults(locale: str | None, catalogue: Path | None = None) -> list[str]:
        found: list[Fault] = []
        read_languages(locale, catalogue, None, found)
        return [fault.text for fault in found]

    assert Bot("shop", locale="xx").check() == ["locale 'xx': there is none such"]
    assert faults("de/../..") == ["locale 'de/../..': there is none such"]
    nowhere = tmp_path / "nowhere"
    assert faults(None, nowhere) == [f"catalogue {nowhere}: there is no such folder"]
    (tmp_path / "fr" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "fr" / "LC_MESSAGES" / "messages.po").touch()
    (tmp_path / "nl" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "nl" / "LC_MESSAGES" / "messages.mo").write_bytes(b"no catalogue")
    (tmp_path / "qqq" / "LC_MESSAGES").mkdir(parents=True)
    assert faults(None, tmp_path) == [
        f"catalogue {tmp_path}: fr is not compiled: pybabel compile -d {tmp_path}",
        f"catalogue {tmp_path}: qqq is no locale",
        f"catalogue {tmp_path}: nl cannot be read",
    ]
    assert faults("de-AT") == []
    assert faults(None) == []


def test_a_bot_without_a_locale_has_no_languages() -> None:
    assert Bot("echo").plan().languages is None


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def texts(catalogue: Catalog) -> Iterator[tuple[object, tuple[str, ...], tuple[str, ...]]]:
    """Yield the id of each text, its original forms and its translated ones."""
    for message in catalogue:
        if message.id:
            pair = [
                (part,) if isinstance(part, str) else tuple(part or ())
                for part in (message.id, message.string)
            ]
            yield message.id, pair[0], pair[1]


def own(locale: str) -> Path:
    return PACKAGE / "locale" / locale / "LC_MESSAGES" / f"{OWN}.po"


def test_the_template_holds_every_text() -> None:
    found = extract_from_dir(
        PACKAGE,
        [("**/examples/**", "ignore"), ("**.py", "graphchat_bots.extracting:extract")],
        keywords={"gettext": None, "ngettext": (1, 2), "marked": None},
    )
    ids = {text for _, _, text, _, _ in found}
    template = catalogue(PACKAGE / "locale" / f"{OWN}.pot")
    assert {id_ for id_, _, _ in texts(template)} == ids, "run `make catalogues`"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_is_translated_with_the_same_placeholders(locale: str) -> None:
    template = {id_ for id_, _, _ in texts(catalogue(PACKAGE / "locale" / f"{OWN}.pot"))}
    found = list(texts(catalogue(own(locale))))
    assert {id_ for id_, _, _ in found} == template, "run `make catalogues`"
    for id_, originals, translated in found:
        wanted = fields(originals[-1])
        assert all(translated), f"{id_} is not translated"
        assert [fields(each) for each in translated] == [wanted] * len(translated), id_


def fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_compiled_is_what_is_written(locale: str) -> None:
    found: list[Fault] = []
    languages = read_languages(locale, None, None, found)
    assert languages is not None
    assert found == []
    runtime = languages.default.runtime
    for _, originals, translated in texts(catalogue(own(locale))):
        if len(originals) == 1:
            assert runtime.gettext(originals[0]) == translated[0], "run `make catalogues`"
        else:
            for count in (1, 2):
                form = translated[min(count, 2) - 1]
                assert runtime.ngettext(originals[0], originals[1], count) == form


@given(locale=st.sampled_from(LOCALES), seconds=st.floats(0.1, 700_000))
def test_a_refusal_says_how_long_in_every_language(locale: str, seconds: float) -> None:
    async def event() -> str:
        languages = read_languages(locale, None, None, [])
        assert languages is not None
        speak(languages.default)
        return str(Refusal(seconds, first=True))

    said = asyncio.run(event())
    assert any(sign.isdigit() for sign in said)
    assert "{" not in said

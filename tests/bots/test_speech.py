import asyncio
from gettext import NullTranslations

import pytest

from graphchat_bots import speech
from graphchat_bots.errors import AskTimeoutError, UserError
from graphchat_bots.languages import read_languages
from graphchat_bots.speech import Language, gettext, in_words, ngettext, one_of, speak, speaking


class Shouting(NullTranslations):
    def gettext(self, message: str) -> str:
        return message.upper()

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return super().ngettext(msgid1, msgid2, n).upper()


def shouting() -> dict[str, Language]:
    found: dict[str, Language] = {}
    for locale, bot in (("en", NullTranslations()), ("xx", Shouting())):
        found[locale] = Language(locale, bot, bot, found)
    return found


def test_a_text_is_what_stands_in_the_code_if_nothing_is_set() -> None:
    assert gettext("a word") == "a word"
    assert [ngettext("one", "many", count) for count in (0, 1, 2)] == ["many", "one", "many"]
    assert speech.locale() == ""
    with speaking("de"):
        assert gettext("a word") == "a word"


async def test_a_language_is_spoken_in_one_task_and_for_a_while() -> None:
    async def event(locale: str) -> list[str]:
        speak(shouting()[locale])
        heard = [gettext("word")]
        await asyncio.sleep(0)
        with speaking("xx"):
            heard += [gettext("word"), speech.of_bot("word")]
        return [*heard, gettext("word"), speech.locale()]

    assert list(await asyncio.gather(event("en"), event("xx"))) == [
        ["word", "WORD", "WORD", "word", "en"],
        ["WORD", "WORD", "WORD", "WORD", "xx"],
    ]
    assert speech.locale() == ""


async def test_what_is_empty_stays_empty() -> None:
    async def event() -> str:
        languages = read_languages("de", None, None, [])
        assert languages is not None
        speak(languages.default)
        return gettext("") + speech.of_bot("")

    assert await asyncio.create_task(event()) == ""


async def test_an_error_without_words_of_its_own_is_translated() -> None:
    class ClosedError(UserError):
        """The shop is closed."""

    async def event() -> list[str]:
        speak(shouting()["xx"])
        return [in_words(e) for e in (AskTimeoutError(), ClosedError(), UserError("Nine."))]

    assert await asyncio.create_task(event()) == [
        "NOBODY HAS ANSWERED, SO I HAVE STOPPED WAITING.",
        "THE SHOP IS CLOSED.",
        "Nine.",
    ]


@pytest.mark.parametrize(
    ("labels", "text"),
    [([], ""), (["S"], "S"), (["S", "M"], "S or M"), (["S", "M", "L"], "S, M or L")],
)
def test_labels_are_listed(labels: list[str], text: str) -> None:
    assert one_of(labels) == text

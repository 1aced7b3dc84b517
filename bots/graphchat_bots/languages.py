"""The languages of a bot: what there is, who speaks which, and how somebody chooses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import msgspec

from graphchat_bots.errors import UserError
from graphchat_bots.faults import Fault
from graphchat_bots.message import Event
from graphchat_bots.speech import ENGLISH, Language, gettext, speak

if TYPE_CHECKING:
    from gettext import NullTranslations

    from graphchat_bots.store import BotStore

COMMAND: Final = "language"
DOMAIN: Final = "messages"
"""Name of the files of a bot's catalogue, as tools call it by default."""
OWN: Final = "graphchat_bots"
_FOLDER: Final = Path(__file__).parent / "locale"
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*", re.ASCII)


class ChosenLanguage(msgspec.Struct):
    """What a sender has chosen in a chat: a state of the runtime."""

    locale: str = ""


@final
@dataclass(frozen=True, slots=True)
class Languages:
    """The languages of a bot; the first is spoken with who has chosen none."""

    by_locale: Mapping[str, Language]

    @property
    def default(self) -> Language:
        return next(iter(self.by_locale.values()))

    @property
    def are_several(self) -> bool:
        return len(self.by_locale) > 1

    async def speak(self, event: Event, store: "BotStore") -> None:
        """Speak the language of whoever has caused ``event``."""
        language = self.default
        if self.are_several and event.kind != "cron":
            body = await store.state(event.chat, event.sender.id, ChosenLanguage.__name__)
            if body is not None:
                chosen = msgspec.msgpack.decode(body, type=ChosenLanguage)
                language = self.by_locale.get(chosen.locale, language)
        speak(language)

    def answer(self, chosen: ChosenLanguage, text: str) -> str:
        """Return what the command says; change ``chosen`` if ``text`` names a language.

        Raises `UserError` if it names none.
        """
        word = text.strip().casefold().replace("-", "_")
        if not word:
            return self._list()
        for locale, language in self.by_locale.items():
            if word in {locale.casefold(), _name(locale).casefold()}:
                chosen.locale = locale
                speak(language)
                return gettext("From now on I speak {language}.").format(language=_name(locale))
        raise UserError(
            gettext("I do not speak that. /{command} lists what I speak.").format(command=COMMAND)
        )

    def _list(self) -> str:
        lines = [f"- {locale}: {_name(locale)}" for locale in self.by_locale]
        *_, example = self.by_locale
        choose = gettext("Choose one, for example by /{command} {locale}.").format(
            command=COMMAND, locale=example
        )
        return "\n".join([gettext("I speak:"), *lines, "", choose])


def read_languages(
    locale: str | None, catalogue: Path | None, about: object, faults: list[Fault]
) -> Languages | None:
    """Return the languages of a bot, nothing if it speaks plain English.

    ``catalogue`` is a folder ``de/LC_MESSAGES/messages.mo`` and so on. What is wrong is
    appended to ``faults``.
    """
    if locale is None and catalogue is None:
        return None
    first = (locale or ENGLISH).replace("-", "_")
    if not _LOCALE.fullmatch(first) or not _name(first):
        faults.append(Fault(f"locale {locale!r}: there is none such", about))
        return None
    if catalogue is not None and not catalogue.is_dir():
        faults.append(Fault(f"catalogue {catalogue}: there is no such folder", about))
        return None
    found: dict[str, Language] = {}
    for name in dict.fromkeys([first, *_locales(catalogue, about, faults)]):
        try:
            bot = _load(DOMAIN, catalogue, name)
        except (OSError, ValueError):
            faults.append(Fault(f"catalogue {catalogue}: {name} cannot be read", about))
        else:
            found[name] = Language(name, _load(OWN, _FOLDER, name), bot, found)
    return Languages(found) if found else None


def _locales(catalogue: Path | None, about: object, faults: list[Fault]) -> list[str]:
    names = []
    for folder in sorted(catalogue.glob("*/LC_MESSAGES")) if catalogue is not None else ():
        name = folder.parent.name
        if not _LOCALE.fullmatch(name) or not _name(name):
            faults.append(Fault(f"catalogue {catalogue}: {name} is no locale", about))
        elif (folder / f"{DOMAIN}.mo").is_file():
            names.append(name)
        elif (folder / f"{DOMAIN}.po").is_file():
            text = f"{name} is not compiled: pybabel compile -d {catalogue}"
            faults.append(Fault(f"catalogue {catalogue}: {text}", about))
    return names


def _load(domain: str, folder: Path | None, locale: str) -> "NullTranslations":
    import gettext as standard  # noqa: PLC0415 - most bots need none

    if folder is None:
        return standard.NullTranslations()
    return standard.translation(domain, str(folder), [locale], fallback=True)


@cache
def _name(locale: str) -> str:
    """Return how a language calls itself: "Deutsch"; nothing if there is none such."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - slow to load

    try:
        return Locale.parse(locale).get_display_name() or ""
    except (UnknownLocaleError, ValueError):
        return ""

"""What a person types into a search, as an expression of FTS5 and as a plain comparison.

Words may stand in any order, and each may be the beginning of a longer one; what is between
quotation marks stands together. Case, accents and the width of letters do not matter.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Self

MAX_QUERY: Final = 1_000
"""Characters that are looked at."""
MAX_TERMS: Final = 32

# Scripts that put no blanks between words: FTS5 takes a whole sentence for one word.
# From Thai to Myanmar, Khmer, kana and CJK, and CJK beyond the first plane.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_TERM: Final = re.compile(r'"([^"]*)"?|([^\s"]+)')


def folded(text: str) -> str:
    """Return ``text`` without what a search does not see: case, accents, forms of letters."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


@dataclass(frozen=True, slots=True)
class Query:
    """A search, taken apart. Any text is one: nothing in it is an error."""

    terms: tuple[str, ...]
    """What must be in a text, folded."""
    match: str | None
    """The same for FTS5; None where a term is nothing that FTS5 takes for words."""

    @classmethod
    def of(cls, text: str) -> Self:
        # A lone half of a character, or a zero, would end a text for SQLite.
        clean = text[:MAX_QUERY].encode("utf-8", "replace").decode().replace("\0", " ")
        found = [(quoted, word) for quoted, word in _TERM.findall(clean) if quoted.strip() or word]
        found = found[:MAX_TERMS]
        terms = tuple(folded(" ".join(quoted.split()) or word) for quoted, word in found)
        words = [f'"{quoted}"' if quoted else f'"{word}"*' for quoted, word in found]
        has_words = bool(terms) and all(map(_is_words, terms))
        return cls(terms, " AND ".join(words) if has_words else None)

    def is_in(self, text: str) -> bool:
        """Tell whether every term is in ``text``, in words or parts of words."""
        plain = folded(text)
        return all(term in plain for term in self.terms)


def _is_words(term: str) -> bool:
    return any(map(str.isalnum, term)) and not _UNSPACED.search(term)

"""What names are compared by, so that nobody passes for somebody else by a name that looks alike.

In the manner of Unicode's technical standard 39, with a small table: the letters that Greek and
Cyrillic share with Latin by their form, and digits that look like letters. Too much counts
as alike rather than too little: a number behind a name costs less than a wrong contact.
"""

from collections.abc import Mapping
from typing import Final
from unicodedata import lookup, normalize

from graphchat.content.unseen import is_blank, is_unseen


def _letters(size: str, names: Mapping[str, str]) -> dict[int, str]:
    """Return a table for `str.translate`, from scripts and names of letters, and Latin ones."""
    return {
        ord(lookup(f"{script} {size} LETTER {letter}")): latin
        for script, letters in names.items()
        for letter, latin in (pair.rsplit(" ", 1) for pair in letters.split(", "))
    }


# Capitals first: some of them look like other letters than their small ones do.
_CAPITALS: Final = _letters(
    "CAPITAL",
    {
        "GREEK": "ALPHA A, BETA B, EPSILON E, ZETA Z, ETA H, IOTA I, KAPPA K, MU M, NU N,"
        " OMICRON O, RHO P, TAU T, UPSILON Y, CHI X",
        "CYRILLIC": "A A, VE B, IE E, DZE S, BYELORUSSIAN-UKRAINIAN I I, JE J, KA K, EM M, EN H,"
        " O O, ER P, ES C, TE T, U Y, HA X, STRAIGHT U Y, KOMI SJE G, QA Q, WE W",
    },
)
_SMALL: Final = _letters(
    "SMALL",
    {
        "GREEK": "ALPHA a, BETA b, GAMMA y, EPSILON e, ETA n, IOTA l, KAPPA k, NU v, OMICRON o,"
        " RHO p, SIGMA o, TAU t, UPSILON u, CHI x, OMEGA w",
        "CYRILLIC": "A a, VE b, GHE r, IE e, BYELORUSSIAN-UKRAINIAN I l, JE j, KA k, EM m, EN h,"
        " O o, PE n, ER p, ES c, TE t, U y, HA x, DZE s, OMEGA w, STRAIGHT U y, SHHA h,"
        " PALOCHKA l, KOMI DE d, KOMI SJE g, QA q, WE w",
        "LATIN": "DOTLESS I l, ALPHA a, SCRIPT G g",
    },
) | {ord("i"): "l", ord("1"): "l", ord("|"): "l", ord("0"): "o"}


def keys(name: str) -> frozenset[str]:
    """Return what ``name`` is compared by: names that share a key look the same in a hurry.

    One key is the same for all ways to write the name in capitals or not, with more blanks, or
    with characters that cannot be seen; the other for letters of other scripts too.
    """
    bare = _bare(name)
    return frozenset({normalize("NFKC", bare.casefold()), _skeleton(bare)})


def _bare(name: str) -> str:
    blanked = "".join(" " if is_blank(char) else char for char in name)
    seen = "".join(char for char in normalize("NFKD", blanked) if not is_unseen(char))
    return " ".join(seen.split())


def _skeleton(bare: str) -> str:
    folded = normalize("NFKD", bare.translate(_CAPITALS).casefold())
    return folded.translate(_SMALL).replace("rn", "m").replace("vv", "w")

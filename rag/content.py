"""Content words: what the words of a text mean, names among them, and which of them mean the same."""

import re
from functools import lru_cache

from index.analysis import words_of
from rag.english import FEAST, MONTH, NUMBERS, SCALES, SHORT_SCALES, any_of, by_spelling

_PLURALS = (
    "people", "men", "women", "children", "mice", "geese", "feet", "teeth", "police", "crew", "staff", "sheep",
    "cattle", "fish", "deer", "aircraft",
)  # fmt: skip
# Who says "not only", "not surprisingly" or "didn't it" denies nothing.
NEGATED = re.compile(
    r"\bnot\b(?! (?:only|just|merely|simply|least|surprisingly|coincidentally|incidentally|un\w+ly)\b)|"
    r"\b(?:never|no longer|nor)\b|n[’']t\b(?! (?:only|just|merely|simply)\b| (?:it|he|she|they|we|you|there)\W*$)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?:[A-Z]\.){2,}|[^\W_]+(?:[’'-][^\W_]+)*")
_FUNCTION_WORD_LIST = """
a about above across after against all along also although am among an and any are as at be because been before being
below between both but by can could did do does doing down during each either for from further had has have having he
her here hers him his how i if in into is it its just may me might more most must my near no nor not now of off on once
only onto or other our out over own per same shall she should since so some such than that the their them then there
these they this those through to too toward towards under until up upon very was we were what when where whether which
while who whom whose why will with within without would yet you your s t currently still already recently reportedly
around roughly approximately nearly almost least account accounts accounted make makes made remain remains become
becomes became wo ca
"""
_FUNCTION_WORDS = frozenset(_FUNCTION_WORD_LIST.split())
_SAME_WORD = by_spelling(
    {
        "die": "dead death deadli kill fatal toll perish casualti",
        "injur": "wound hurt",
        "found": "establish creat",
        "world": "global worldwid globe",
        "build": "built construct erect",
        "start": "began begin begun",
        "job": "posit",
        "peopl": "person inhabit resid live popul",
        "licens": "licenc permit",
        "born": "birth",
        "tall": "height high",
        "cost": "price",
        "product": "produc",
        "purchas": "buy bought acquir",
        "women": "woman femal",
        "men": "man male",
        "us": "usa",
        "accept": "approv",
        "fall": "fell fallen",
        "rise": "rose risen",
        "grow": "grew grown growth",
        "lose": "lost loss",
        "win": "won",
        "sell": "sold",
        "pay": "paid",
        "spend": "spent",
        "hold": "held",
        "take": "took taken",
        "write": "wrote written",
        "sink": "sank sunk",
    }
)
_SAME_NAME = re.compile(
    r"\b(?:(United States(?: of America)?|Americans?|America|U\.S\.A?\.?)|(United Kingdom|Britain|British|U\.K\.)|"
    r"(European Union|E\.U\.))(?!\w)"
)
_NUMBER_OR_TIME = re.compile(
    rf"(?:{any_of([*NUMBERS, *SCALES, *SHORT_SCALES, 'dozen', 'hundred'])}|{MONTH}|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?:-\w+)?",
    re.IGNORECASE,
)
_FEAST = re.compile(FEAST)
_NOT = re.compile(r"n[’']t\b")
_NATIONAL_ENDING = re.compile(r"^(.{4,}?)(?:an|a|es|i)+$")


@lru_cache(maxsize=4096)
def content_words(text: str) -> frozenset[str]:
    """Return what a text's words mean here: stems without function words, one for words that say the same."""
    text = _NOT.sub("", _with_short_names(text))
    return frozenset[str]().union(*(_meaning(token) for token in _TOKEN.findall(text)))


def words_of_names(text: str) -> frozenset[str]:
    """Return the words of the names in a text: what is capitalised, at its start only where it looks like a name."""
    text = _with_short_names(text)
    names = frozenset[str]()
    for found in _TOKEN.finditer(text):
        first = not text[: found.start()].strip(" \n\t\"“‘'•-*")
        if (
            found[0][0].isupper()
            and not _NUMBER_OR_TIME.fullmatch(found[0])
            and not _FEAST.match(text, found.start())
            and not (first and found[0].endswith(("s", "ed", "ing", "ly")))
        ):
            names |= _meaning(found[0])
    return names


def is_negated(text: str) -> bool:
    """Return whether a text denies something."""
    return len(NEGATED.findall(text)) % 2 == 1


def noun_phrase(text: str) -> list[str]:
    """Return the words that a text begins with, up to the first function word or mark."""
    words: list[str] = []
    at = 0
    for found in _TOKEN.finditer(text):
        if text[at : found.start()].strip(" -") or found[0].lower() in _FUNCTION_WORDS:
            break
        at = found.end()
        words.append(found[0])
    return words


def is_plural(word: str) -> bool:
    """Return whether a noun names several things, as far as its spelling tells."""
    low = word.lower()
    return low in _PLURALS or (low.endswith("s") and not low.endswith(("ss", "'s", "’s", "us", "is")))


@lru_cache(maxsize=20_000)
def _meaning(token: str) -> frozenset[str]:
    if token.lower() in _FUNCTION_WORDS:
        return frozenset()
    stems = {_SAME_WORD.get(stem, stem) for stem in words_of(token) if stem not in _FUNCTION_WORDS}
    return frozenset(_NATIONAL_ENDING.sub(r"\1", stem) for stem in stems)


def _with_short_names(text: str) -> str:
    return _SAME_NAME.sub(lambda found: ("US", "UK", "EU")[(found.lastindex or 1) - 1], text)

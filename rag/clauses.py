"""Clauses: the parts of a sentence, and whether one speaks of growth, of years, of what may be."""

import re
from itertools import pairwise

from index.analysis import plain_case
from rag.english import BEFORE_CHRIST
from rag.moments import DATE
from rag.numbers import SMALLS, with_commas

_CLAUSE_END = re.compile(
    r"[;|•—?!]|:(?!\d)|\s[-–]\s(?!(?<=\d\s[-–]\s)(?:1\d|20)\d\d\b)|,?\s\b(?:while|whereas|although|though|but|however|because|unlike|despite)\b|"
    r",\s(?:which|who|where)\b"
)
# The date of "When he died, in 1978, she wept" is that of the death.
_SUBORDINATE = re.compile(
    rf"\W*(?:when\b[^,]*, (?:in|on) (?:{DATE})(?=,)|"
    r"(?:while|whereas|although|though|despite|because|unlike|if|when|as|since|after)\b[^,]*(?=,))",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_ATTRIBUTION = re.compile(
    r"\baccording to [^,;.]{1,60}(?:,|$)|"
    r"^[^,;]{1,60}\b(?:said|says|reports?|reported|estimates?|estimated|told \w+)"
    r"(?: on \w+)?(?: that\b|(?=,? (?:at least|more than|the|about|some|\d)))|,[^,;]{1,60}\b(?:said|says|reported)\b"
    rf"(?:(?!\b(?:{SMALLS})\b)[^,;\d]){{0,40}}$",
    re.IGNORECASE,
)
CHANGED = (
    r"(?:r[io]se[ns]?|rising|fell|falls?|fallen|falling|gr[eo]ws?|grown|growing|growth|increas(?:e|es|ed|ing)|"
    r"decreas(?:e|es|ed|ing)|dropp?(?:s|ed|ing)?|declin(?:e|es|ed|ing)|cut(?:s|ting)?|reduc(?:e|es|ed|tion|ing)|gain(?:s|ed)?|"
    r"climb(?:s|ed)?|jump(?:s|ed)?|surg(?:e|es|ed)|slump(?:s|ed)?|shr[aiu]nk|up|down|los[et]s?|higher|lower|fewer|more)"
)
_CHANGE = re.compile(rf"\b{CHANGED}\b", re.IGNORECASE)
_FORECAST = re.compile(
    r"\b(?:will|would|could|may|might|should|if|unless|expect(?:s|ed)?|forecasts?|projected|predict(?:s|ed)?|targets?|"
    r"aims?|goals?|plans?|planned|hopes?|potential|by 20\d\d)\b"
)
_YEAR = re.compile(rf"\b\d{{1,4}} ?{BEFORE_CHRIST}|\b(?:1\d|20)\d\d\b(?!,\d)")
MOVED = re.compile(
    r"\b(?:postponed|delayed|moved|brought forward|put (?:back|off)|pushed back|rescheduled|instead of|originally|"
    r"rather than|changed)\b",
    re.IGNORECASE,
)


def clauses_of(text: str) -> list[tuple[int, int, str]]:
    """Return the clauses of a sentence: where each starts and ends, and its text with what is said aside blanked."""
    plain = blanked(text)
    return [(start, end, plain[start:end]) for start, end in spans_of_clauses(plain)]


def blanked(text: str) -> str:
    """Return the text with spaces, as many, in place of what is said aside and of who says it."""
    text = with_commas(plain_case(text))
    for aside in (_ASIDE, _ATTRIBUTION):
        text = aside.sub(lambda found: " " * len(found[0]), text)
    return text


def spans_of_clauses(text: str) -> list[tuple[int, int]]:
    """Return where the clauses of a blanked sentence start and end, one after the other."""
    opening = _SUBORDINATE.match(text)
    ends = [0, *(found.start() for found in _CLAUSE_END.finditer(text)), len(text)]
    if opening:
        ends = sorted({*ends, opening.end()})
    return [(start, end) for start, end in pairwise(ends) if start < end]


def years_in(text: str) -> frozenset[str]:
    """Return the years that a text names, those before Christ as "1500BC"."""
    return frozenset(re.sub(r"[ .E]", "", year) for year in _YEAR.findall(text))


def is_change(text: str) -> bool:
    """Return whether a text speaks of something that grew or shrank."""
    return bool(_CHANGE.search(text))


def is_forecast(text: str) -> bool:
    """Return whether a text speaks of what may be or is meant to be."""
    return bool(_FORECAST.search(text))

"""The answer type: what kind of thing a question asks for, and whether a text holds one (Li & Roth 2002)."""

import re
from enum import StrEnum

from index.analysis import CAPITAL, words_of
from index.document import Span
from rag.english import MONTHS, WEEKDAYS

_MONTHS = "|".join(name for name in (*MONTHS, *WEEKDAYS) if name != "may")
# What a number is asked for by, where it says nothing else of the thing: a text states the number in its place.
_MEASURE = r"share|percentage|percent|proportion|fraction|number|amount|quantity|size|value|rate|level|total|figure"
_DIMENSION = r"price|cost|population|length|height|width|depth|weight|age|distance|salary|budget|revenue|turnover"

_COMPARES = re.compile(r"\b(?:or|both|compared?|versus|vs|differ\w*|than)\b", re.IGNORECASE)


class AnswerType(StrEnum):
    """What a question asks for."""

    NUMBER = "number"
    DATE = "date"
    NAME = "name"


# Where one of these stands before it, "when" asks nothing: "How loud is it when it grinds?".
_ASKS_OTHERWISE = (
    r"(?:\b(?:how|what|who|whom|whose|why|where|which)\b|^\W*(?:is|are|was|were|do|does|did|can|may|must)\b)"
)
_ASKED = (
    (
        AnswerType.NUMBER,
        r"\bhow (?:many|much|long|far|old|big|large|deep|high|tall|wide|thick|fast|often|soon|heavy|loud|hot|cold|"
        r"steep)\b",
    ),
    (
        AnswerType.NUMBER,
        rf"\b(?:what|which)(?:[’']s| is| was| are| were)? (?:[\w’'-]+ ){{0,4}}?(?P<measure>{_MEASURE}|{_DIMENSION})\b",
    ),
    (
        AnswerType.DATE,
        rf"^(?!.*{_ASKS_OTHERWISE}.*\bwhen\b).*?\bwhen\b|\b(?:what|which) (?:year|month|day|date|century|decade)\b",
    ),
    (AnswerType.NAME, r"\bwho(?:m|se)?\b|\bwhere\b|\b(?:what|which) (?:country|city|state|company|person)\b"),
)
_ASKED_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _ASKED)
_HELD = {
    AnswerType.NUMBER: re.compile(
        r"\d[\d.,]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|"
        r"millions?|billions?|half|third|quarter|twice|doubled?|tripled?|several|decades?|centur(?:y|ies)|"
        r"(?:just|only|mere|within|few|some) (?:days|weeks|months|years))\b",
        re.IGNORECASE,
    ),
    AnswerType.DATE: re.compile(
        rf"\b(?:1\d|20)\d\ds?\b|\b(?:{_MONTHS}|yesterday|today|tomorrow|ongoing)\b|(?-i:\bMay\b)|"
        r"\b(?:days?|weeks?|months?|years?|decades?) (?:ago|later|earlier)\b|"
        r"\b(?:last|this|next) (?:week|month|year)\b",
        re.IGNORECASE,
    ),
    AnswerType.NAME: re.compile(rf"(?<![.!?]\s)(?<!^)\b{CAPITAL}[\w’'-]+"),
}


_WHY = re.compile(r"\bwhy\b|\bhow come\b|\bwhat (?:caused|causes)\b|\b(?:what|which) reasons?\b", re.IGNORECASE)
_REASON = re.compile(
    r"\b(?:because|due to|owing to|thanks to|since|so that|in order to|reflect(?:s|ed|ing)?|caus(?:e[sd]?|ing)|"
    r"led to|leads to|therefore|blam(?:e[sd]?|ing)|reasons?|as a result|results? (?:of|from)|in response to|"
    r"attribut\w+|stem(?:s|med)? from|explain(?:s|ed)?)\b",
    re.IGNORECASE,
)
_NAMES_REASON = re.compile(
    r"(?:The|One|Its|Their|A|His|Her) (?:(?:main|real|exact|likely|probable|only) )?(?:reasons?|causes?|explanation)\b"
)


def answer_type(question: str) -> AnswerType | None:
    """Return what a question asks for, None where that cannot be told."""
    return next((kind for kind, pattern in _ASKED_PATTERNS if pattern.search(question)), None)


def asks_why(question: str) -> bool:
    """Return whether a question asks for a reason."""
    return _WHY.search(question) is not None


def gives_reason(text: str) -> bool:
    """Return whether a text says of something why it is so."""
    return _REASON.search(text) is not None


def names_reason(text: str) -> bool:
    """Return whether a text begins by saying that it gives the reason or the cause of something."""
    return _NAMES_REASON.match(text) is not None


def compares(question: str) -> bool:
    """Return whether a question sets one thing beside another, so that its answer has two sides."""
    return _COMPARES.search(question) is not None


def measure_asked(question: str) -> Span | None:
    """Return where a question names no more than the measure it wants ("share", "number"), None where it does not."""
    for _, pattern in _ASKED_PATTERNS:
        found = pattern.search(question)
        if found and "measure" in pattern.groupindex and re.fullmatch(_MEASURE, found["measure"], re.IGNORECASE):
            return Span(*found.span("measure"))
    return None


# A year says when, not how many, where one of these stands so near before it or it is a decade.
_YEAR = re.compile(r"(?:1[0-9]|20)\d\d[.,]?")
_NEAR = 20
_WHEN_BEFORE = re.compile(
    rf"(?:\b(?:in|since|during|until|till|before|after|early|late|mid|{_MONTHS})|(?-i:\bMay)|[0-3]?\d,|\()[\s-]*$",
    re.IGNORECASE,
)
_DECADE_AFTER = re.compile(r"[’']?s\b")


def holds(kind: AnswerType, text: str, asked_words: frozenset[str]) -> bool:
    """Return whether a text holds something of a kind that the question, whose words are given, does not say itself."""
    found = _HELD[kind].finditer(text)
    if kind is AnswerType.NUMBER:
        found = (one for one in found if not _is_when(text, one))
    return any(words_of(one[0]) - asked_words for one in found)


def _is_when(text: str, number: re.Match[str]) -> bool:
    """Return whether a number is a year that says when something was, and not how many there were."""
    if not _YEAR.fullmatch(number[0]):
        return False
    before = text[max(0, number.start() - _NEAR) : number.start()]
    return bool(_WHEN_BEFORE.search(before) or _DECADE_AFTER.match(text, number.end()))

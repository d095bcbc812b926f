"""Kinds: what an answer must hold to be one: an age where it is asked how old, money where it is asked what it costs.

A text is believed to hold it by any word of that kind: one with no number and no word of time says nothing of when.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from index.analysis import plain_case
from rag.asked_names import lacking_name
from rag.kind_words import (
    BIRTH,
    COLOUR,
    COUNT,
    DEATH,
    DURATION,
    LENGTH,
    MONEY,
    NUMBER,
    NUMBER_WORDS,
    ORIGIN,
    SHARE,
    TIME,
    YEAR,
)

# Whom or what is named outright, and not by what is to be found out first: "the director of the film that won".
_NAMED = r"(?:(?!\b(?:of|that|who|whose|which|with)\b)[^?,])*"
# Nothing else is asked for behind a comma: "When rock folds, what does it make?".
_ASKS_NO_MORE = r"(?!.*,.*\b(?:what|which|who|how|where|why)\b)"


class _Kind(NamedTuple):
    """What a question asks for by its words, and what a text of that kind has."""

    name: str
    asked: re.Pattern[str]
    held: re.Pattern[str]


def _kind(name: str, asked: str, held: str) -> _Kind:
    return _Kind(name, re.compile(asked, re.IGNORECASE), re.compile(held, re.IGNORECASE))


# The first of them that a question asks for is meant.
_KINDS = (
    _kind(
        "age",
        r"\bhow old\b|\bat (?:what|which) age\b",
        r"\bage[ds]?\b|\bold\w*|\bborn\b|birth|\bturned\b|"
        r"\b(?:built|founded|opened|established|completed|finished|erected|launched|made in|dat(?:es?|ed|ing))\b|"
        rf"\b(?:was|were|is|at) (?:only |just )?(?:\d{{1,3}}|{NUMBER_WORDS})"
        r"(?=[,;)]|\.\s|$| (?:when|as|her|his|the)\b)|"
        rf"\b(?:girl|boy|man|woman|child|lad) of (?:\d{{1,3}}|{NUMBER_WORDS})\b|"
        r", \d{1,3},|centur|\bBC\b|millenni|\b(?:of|since|from|back to) (?:1\d|20)\d\d\b|\(\D{0,20}(?:1\d|20)\d\d\b",
    ),
    _kind("length", r"\bhow (?:tall|thick)\b", rf"{LENGTH}|\b(?:deep|thick|tall|wide|high)\b"),
    _kind(
        "distance",
        r"\bhow far (?:is|are|was|were|away|from|apart)\b",
        rf"{LENGTH}|{DURATION}|\b(?:walk|near|next to|close|beside|distance)\b",
    ),
    _kind(
        "weight",
        r"\bhow much (?:does|do|did|will) [^?]*\bweigh\b|\bwhat (?:does|do|did) [^?]*\bweigh\b|"
        r"\bwhat(?:[’']s| is| was) the weight\b",
        rf"{NUMBER}(?:k?g|mg|t|lbs?|oz|kilos?|(?:kilo|milli)?gram(?:me)?s?|tonn?es?|tons?|pounds?|ounces?|stones?|"
        r"hundredweight)\b",
    ),
    _kind("length or duration", r"\bhow long\b(?! ago\b)", rf"{LENGTH}|{DURATION}"),
    _kind(
        "price",
        r"\bhow much\b[^?]*\b(?:costs?|pay|charge[ds]?|earns?|paid|worth|price)\b|"
        r"\bwhat (?:does|do|did|will|would)\b[^?]*\bcost\b|\bprice tag\b|"
        r"\bwhat(?:[’']s| is| are| was| were) (?:(?:the|its|their|his|her|your|an?) |[\w.-]+[’']s )(?:[\w-]+ )?"
        r"(?:price|cost|salary|fee|fare|rent)s?(?= (?:of|for|per|in|at|to|a)\b|\W*$)",
        MONEY,
    ),
    _kind(
        "date or place of birth",
        r"^\W*(?:where|when|(?:in |on )?(?:what|which) (?:year|date|day|town|city|country)) (?:was|were) "
        rf"{_NAMED}\bborn\W*$",
        BIRTH,
    ),
    _kind(
        "date or place of death",
        r"^\W*(?:where|when|(?:in |on )?what (?:year|date|day)) (?:did|has|had) "
        rf"{_NAMED}\bdied?\W*$",
        DEATH,
    ),
    _kind(
        "burial place",
        rf"^\W*where\b{_NAMED}\bburied\W*$",
        r"bur[iy]|grave|cemeter|\blies?\b|remains|\binter(?:red|ment)|\brests?\b|tomb|crypt|churchyard|\bashes\b|cremat|vault|mausoleum",
    ),
    _kind(
        "place of manufacture",
        rf"^\W*where (?:is|are) (?!.*\b(?:decision|law|rule|plan|choice|film|movie)s?\b){_NAMED}"
        r"\b(?:made|manufactured|produced|built)\W*$",
        r"\bmade\b|manufactur|produc|built|build|factor|\bplants?\b|assembl|origin|\bfrom\b|woven|forg|brew|bak|"
        r"matur|cellar|caves?\b|kitchen|dair|farm|\bmills?\b|workshop|yard",
    ),
    _kind(
        "date",
        rf"^\W*when (?:was|were) {_NAMED}\b(?:founded|established|built|invented|set up)"
        r"\W*$",
        ORIGIN,
    ),
    _kind(
        "year",
        r"^\W*(?:(?:in|by|since|from|until) (?:what|which) year\b|"
        r"(?:what|which) year (?:was|were|did|is|will|has|had)\b)"
        rf"{_ASKS_NO_MORE}",
        YEAR,
    ),
    _kind("date", rf"^\W*(?:when (?:was|were|did|is|are|will|has|have|had)|what time)\b{_ASKS_NO_MORE}", TIME),
    _kind("share", r"\b(?:what|which) (?:percent\w*|proportion|fraction)\b", SHARE),
    _kind("number", rf"\bhow many\b{_ASKS_NO_MORE}", COUNT),
    _kind(
        "number",
        r"^\W*(?:the )?population (?:of|in)\b|\bwhat(?:[’']s| is| was) (?:the|its) population\b",
        r"\d{3}|\d[.,]\d|\b(?:hundreds|thousands?|millions?|nobody|no one)\b|"
        rf"\A(?s:(?=.*(?:\d|\b(?:{NUMBER_WORDS}|dozens)\b)).*\b(?:populat|inhabit|resident|souls|live[ds]?\b|census))",
    ),
    _kind("colour", r"\b(?:what|which) colou?rs?\b", COLOUR),
    _kind(
        "speed",
        r"\b(?:top|maximum|max|average) speed\b|\bhow fast (?:is|are|was|were|can|does|do|did)\b",
        rf"\d|speed|fast|slow|knots|quick|rapid|pace|swift|light|{LENGTH}|{DURATION}",
    ),
    _kind("phone number", r"\b(?:tele)?phone number\b", r"\d{3}"),
    _kind("e-mail address", r"\be-?mail address\b", r"@"),
)


def lacking_kind(question: str, texts: Iterable[str]) -> str | None:
    """Return what a question asks for where no text holds anything of that kind, None where one does or none is known.

    It is the name of the kind, or what `lacking_name` says of whom or what is asked for by its name.
    """
    question, said = plain_case(question), list(texts)
    kind = next((one for one in _KINDS if one.asked.search(question)), None)
    if kind is not None:
        return None if any(map(kind.held.search, said)) else kind.name
    return lacking_name(question, said)

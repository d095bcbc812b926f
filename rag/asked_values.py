"""Asked values: which kind of value a question asks for, what it is to be of, and which words must be said with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.amounts import Kind
from rag.clauses import is_change, is_forecast, years_in
from rag.content import content_words, is_plural, noun_phrase, words_of_names

_MAX_PHRASE_WORDS = 12


def _asked_for(nouns: str) -> str:
    """Return a pattern of questions for what the nouns name: "what is the share of", or without a question word."""
    return (
        r"(?:\bwhat\b(?:[’']s)?(?: (?!(?:of|that|which|who|did|do|does)\b)[\w’'-]+){0,6}?|^(?!.*\b(?:wh\w+|how)\b).*?)"
        rf"\s?\b(?:{nouns})\b(?=\W*(?:$|(?:of|in|for|at|on|to|from|per|by|during|that|does|did|do|is|are|was|were|has)\b))"
    )


_MEASURED = (
    "height|depth|length|width|weight|area|distance|speed|temperature|elevation|size|capacity|girth|gust|yield|range|"
    "power|output|altitude|pressure|thickness|diameter"
)
_MONEY = (
    "price|cost|budget|revenue|value|worth|salary|fee|fine|wage|profit|debt|funding|rent|fare|deposit|bill|bonus|sales|"
    "income|turnover|grant|reward|ransom|toll|charge|ticket|subscription|admission|savings|losses|loss|damages?|"
    "compensation|bail|pay|spending|investment|donation|earnings|takings|proceeds|prize|offer|payout|estimate|claim|"
    "penalty|premium"
)
_KINDS_ASKED: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (r"\b(?:what|which) (?:time|hour)\b", ("time",)),
    (
        r"^\W*(?:since )?when\b|\b(?:what|which) (?:year|date|day|month)\b|" + _asked_for("date"),
        ("date", "time"),
    ),
    (r"\bhow (?:effective|common|likely|accurate|successful)\b", ("share",)),
    (r"\b(?:why|who|whom|whose|where)\b|\bhow (?:did|do|does|is|are|was|were|can|could|has|have)\b", ()),
    (r"\bhow old\b|" + _asked_for("age"), ("age",)),
    (
        r"\bhow (?:often|late)\b|"
        + _asked_for(
            "delay|wait|(?:waiting|journey|travel|running|playing|finishing|winning|finish|race) time|gap|interval"
        ),
        ("duration",),
    ),
    (
        r"\bhow steep\b|" + _asked_for("rise|increase|raise|discount|reduction|slope|gradient"),
        ("share", "money", "points", "measure"),
    ),
    (
        r"\bhow long (?:did|does|do|has|have|had|will|must|can|should)\b|"
        r"\bhow many (?:seconds|minutes|hours|days|weeks|months|years|decades)\b|" + _asked_for("duration"),
        ("duration",),
    ),
    (r"\bhow long\b|\bhow far apart\b", ("duration", "measure")),
    (
        r"\bhow many (?:square )?(?:kilomet(?:re|er)s|met(?:re|er)s|miles|feet|acres|hectares|ton(?:ne)?s|"
        r"lit(?:re|er)s|barrels|kilos|pounds|degrees|[kmg]w|[kmgt]wh|[kmgt]b|(?:mega|giga|kilo)(?:watts?|bytes?))\b",
        ("measure", "count"),
    ),
    (
        r"\bhow many\b|" + _asked_for("number(?= of)|count(?= of)|death toll|population|casualties|attendance"),
        ("count",),
    ),
    (r"\bhow (?:big|large)\b", ("measure", "count", "money")),
    (
        r"\bhow (?:tall|high|deep|wide|far|heavy|fast|hot|cold|warm|close|near)\b|\bhow much\b.*\bweigh|"
        + _asked_for(_MEASURED),
        ("measure",),
    ),
    (
        r"\bhow much\b.*\b(?:costs?|worth|pay|paid|spen[dt]|raised?|earn(?:ed)?|sell|sold|invest(?:ed)?|money|damage|"
        r"compensation|losses)\b|\bwhat (?:does|did|do|will|would)\b.*\b(?:costs?|earn|pay|charge)\b|"
        r"\bwhat\b.*\b(?:sold|bought|sell|go|went) for\b|"
        r"\bwhat (?:have|has|did|do|does)\b.*\b(?:lost|lose|paid|raised|offered|receive|won)\b|\bprize money\b|"
        + _asked_for(_MONEY),
        ("money",),
    ),
    (
        r"\bhow much of\b|\bhow big a part\b|"
        + _asked_for(
            "share|percentage|proportion|percent|per cent|fraction|rate|inflation|unemployment|turnout|growth|margin"
        ),
        ("share",),
    ),
    (r"\b[Bb]y how (?:much|many)\b", ("share", "points", "money", "duration", "measure", "count")),
    (r"\bhow much\b", ("share", "points", "money", "measure")),
)
_ASKED_KINDS = tuple((re.compile(pattern, re.IGNORECASE), kinds) for pattern, kinds in _KINDS_ASKED)
# In which units what a question asks for may be told, by the words it asks with.
_UNITS_ASKED = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), frozenset(units.split()))
    for words, units in (
        ("cold|hot|warm|temperature", "°c °f"),
        ("heavy|weigh|weighs|weighed|weight", "kg"),
        ("fast|speed", "km/h"),
        ("tall|high|height|deep|depth|wide|width|far|distance|long|length|elevation", "m"),
        ("area", "squarem"),
    )
)
_OF_SOURCES = re.compile(
    r"\b(?:sources|articles|documents|texts|reports)\b (?:dis)?(?:agree|say|differ)\b", re.IGNORECASE
)
# Where a question has the phrase that names what it asks for: "what is", "agree on", "how much of", "what share of".
_PHRASES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bwhat(?:[’']s| is| are| was| were) (?P<phrase>.+)",
        r"^\W*what about (?P<phrase>.+)",
        r"\b(?:dis)?agree (?:on|about) (?P<phrase>.+)",
        r"\bhow much of (?P<phrase>.+?) (?:is|are|was|were|do|does|did|has|have|can|comes?)\b",
        r"\bwhat (?P<phrase>(?:share|percentage|proportion|part) of .+?) (?:is|are|was|were|do|does|did|ha[sd])\b",
    )
)
_NO_PHRASE = re.compile(
    r"\b(?:its|their|his|her|it|they|this|that|these|those)(?=\W*$)|\b(?:its|their|his|her|if|whether|how|why|when)\b|"
    r"^(?:known|said|there|the (?:articles|sources|documents))\b",
    re.IGNORECASE,
)
_SHARE_OF = re.compile(
    r"\b(?:share|percentage|proportion|percent|per cent|fraction|part|much)(?: \w+)? (?:of|in)"
    r"(?: (?:the|all|its|their|our|a|an))* (?=\w)",
    re.IGNORECASE,
)
_BEFORE_SHARE = re.compile(r"((?:[\w’'-]+ )+)(?:share|percentage|proportion|rate)\b", re.IGNORECASE)
_COUNT_OF = re.compile(
    r"\b(?:how many|number of|count of)(?: of)?(?: (?:the|all|its|their|our))* (?=\w)", re.IGNORECASE
)
_NUMBERED = re.compile(r"\b([A-Za-z]+) (\d+)\b")
# What asks for a value and is not what it is the value of.
_ASKING = content_words(
    "share percentage proportion percent cent fraction part much many long old number amount total count value "
    "year years date day days month months duration age rate figure "
    "exact exactly hands terms control controls big large size"
)
SCOPE = content_words("world global total overall whole entire all")
CONTAINERS = content_words("capacity market share sector industry level supply output volume come comes use")


@dataclass(frozen=True, slots=True)
class AskedValue:
    """A question read: the kinds of value it asks for, what they are to be of, and the words that must be there.

    `numbers` are those of names, each with the word before it: 5 of "line 5". `units` are those in which a measure
    is told, none where that may be any.
    """

    kinds: frozenset[Kind]
    head: str | None
    words: frozenset[str]
    names: frozenset[str]
    numbers: Mapping[str, str]
    years: frozenset[str]
    is_change: bool
    is_forecast: bool
    units: frozenset[str]
    phrase: str
    question: str


# Whoever compares values asks for the same question's.
@lru_cache(maxsize=256)
def read_asked(question: str) -> AskedValue:
    """Return a question as it asks for a value; without kinds where it asks for none."""
    phrase, asked = _phrase(question), " ".join(question.split()).strip(" ?")
    question = _OF_SOURCES.sub("", question)
    kinds = frozenset(next((kinds for pattern, kinds in _ASKED_KINDS if pattern.search(question)), ()))
    names = words_of_names(question)
    words = content_words(question) - _ASKING
    years = years_in(question)
    return AskedValue(
        kinds=kinds,
        head=_head(question, kinds, names),
        words=words,
        names=names & words,
        numbers={
            number: word for word, number in _NUMBERED.findall(question) if number in words and number not in years
        },
        years=years,
        is_change=is_change(question),
        is_forecast=is_forecast(question),
        units=next((units for pattern, units in _UNITS_ASKED if pattern.search(question)), frozenset()),
        phrase=phrase,
        question=asked,
    )


def _head(question: str, kinds: frozenset[Kind], names: frozenset[str]) -> str | None:
    """Return the noun of what the question wants a share or a number of: "processing" of "China's processing share"."""
    if "count" in kinds and (found := _COUNT_OF.search(question)):
        phrase = noun_phrase(question[found.end() :])
        plural = next((word for word in phrase if is_plural(word)), None)
        return min(content_words(plural), default=None) if plural else _last(phrase, names)
    if "share" in kinds:
        after = _SHARE_OF.search(question)
        before = _BEFORE_SHARE.search(question)
        head = _last(noun_phrase(question[after.end() :]), names) if after else None
        return head or (_last(before[1].split(), names) if before else None)
    return None


def _last(phrase: Sequence[str], names: frozenset[str]) -> str | None:
    nouns = [word for token in phrase for word in content_words(token) - names - SCOPE - CONTAINERS - _ASKING]
    return nouns[-1] if nouns else None


def _phrase(question: str) -> str:
    """Return the noun phrase of a question that names what it asks for, as it stands there, "" where it has none."""
    question = " ".join(question.split())
    found = next((found for pattern in _PHRASES if (found := pattern.search(question))), None)
    phrase = re.split(r"[?!;:,]|\.(?=\s|$)", found["phrase"], maxsplit=1)[0].strip() if found else ""
    fits = len(content_words(phrase)) and len(phrase.split()) <= _MAX_PHRASE_WORDS and not _NO_PHRASE.search(phrase)
    return phrase if fits else ""

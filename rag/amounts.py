"""Amounts: how one value is written, and which number in which unit it comes to."""

import math
import re
from typing import Literal, NamedTuple

from index.analysis import CAPITAL
from rag.clauses import MOVED
from rag.content import content_words, is_plural, noun_phrase
from rag.english import MONTH, any_of
from rag.moments import CLOCK, DATE, LENGTHS, SPAN, YEARS_BEFORE_CHRIST, date_of, duration_of, minutes_of
from rag.numbers import ALL_SCALES, DIGITS, MORE, RANGE_END, SCALED, SMALLS, WORDS, number, number_words
from rag.units import CODES, COINS, CURRENCIES, MEASURES, in_base

Kind = Literal["share", "points", "money", "duration", "age", "measure", "count", "date", "time"]
Bound = Literal["exact", "about", "over", "under", "least", "most"]
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "tenth": 10}
# How many of what is told by the hour, or by the second, are an hour's.
_AN_HOUR = {"/hour": 1, "/second": 3600}
# How far "a third" may be from a third, and "about six" from six.
_ROUGHLY, _ABOUT_MINUTES = 0.06, 10
_BOUND_WORDS: dict[Bound, str] = {
    "over": "more than|greater than|higher than|over|above|just over|well over|>",
    "under": "less than|fewer than|lower than|under|below|just under|nearly|almost|<",
    "least": "at least|no fewer than|no less than|a minimum of|≥",
    "most": "at most|up to|no more than|as many as|as much as|a maximum of|≤",
    "about": "about|around|roughly|approximately|approx.|some|circa|c.|~|estimated|an estimated|close to",
}
_BOUNDS: dict[str, Bound] = {word: bound for bound, words in _BOUND_WORDS.items() for word in words.split("|")}
# The point of "12.000" is a decimal one or sets thousands apart.
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
# The first half of a year is no share of anything.
_NO_PERIOD = "".join(f"(?<!{word} )" for word in ("first", "second", "third", "fourth", "last", "next", "this"))
_FRACTION = (
    rf"(?:\b(?P<parts>an?|{SMALLS})[ -])?\b{_NO_PERIOD}(?P<part>half|thirds?|quarters?|fifths?|sixths?|tenths?)"
    r"(?= of\b| the\b)|"
    rf"\b(?P<some>\d{{1,3}}|{SMALLS}) (?:in|out of)(?: every)? (?P<every>\d{{1,4}}|{SMALLS})\b"
)
_SPECIAL = r"\b(?P<special>the only|the sole|a single|several|multiple|numerous)(?= [a-z])"
_AMOUNT = (
    r"(?P<between>between )?"
    rf"(?P<currency>(?:(?<![^\W_])[a-z]{{1,3}}|(?<![^\W\d_]))\$\s?|[€£¥₹]\s?|\b(?:{CODES.replace(' ', '|')})\s?)?"
    rf"(?(currency)|(?<![$€£¥₹]))(?P<low>(?:{DIGITS}|{WORDS}){MORE})"
    rf"(?:\s?%?(?:\s?[-–]\s?|(?(between) and | to ))[$€£]?(?P<high>(?:{RANGE_END}|{WORDS}){MORE}))?"
)
_UNIT = (
    r"(?P<points>\s?(?:percentage|per ?cent|%) points?\b)?(?P<percent>\s?%|\s?per ?cent\b)?"
    rf"(?P<coin>[ -](?:{any_of([*CURRENCIES, *COINS.split()])})\b)?"
    rf"(?P<time>[ -](?:(?:business|working|calendar) )?(?:{LENGTHS})s?(?:[- ](?:old|ago))?\b)?"
    rf"(?P<measure>[ -]?(?:square |cubic |metric |nautical )?(?:{any_of(list(MEASURES))})(?![\w’']))?"
    r"(?P<rate>(?: (?:per|an?) |/)[a-z]+\b(?! (?:ago|later|earlier|before|after)\b))?"
)
VALUE = re.compile(
    rf"(?P<date>{DATE})|(?P<clock>{CLOCK})|"
    rf"(?:(?<!\w)(?P<bound>{any_of(list(_BOUNDS))}) ?(?!{CLOCK}|{DATE}))?"
    rf"(?:(?P<span>{SPAN})|{_FRACTION}|{_SPECIAL}|{_AMOUNT}{_UNIT})",
    re.IGNORECASE,
)
_UNIT_GROUPS = ("currency", "high", "points", "percent", "coin", "time", "measure", "rate", "bound")
_LONGEST_NAME = 64
_NAME_BEFORE = re.compile(
    rf"\b(?!(?:{MONTH}|\w+day|At|In|By|On|About|Some|Only|Over|Just|After|Before|Around)\s)[A-Z][a-z]+ $"
)
MAY_HAVE_VALUES = re.compile(
    rf"\d|\b(?:{SMALLS}|{SCALED}|half|halves|thirds?|quarters?|fifths?|tenths?|only|sole|single|several|multiple|numerous)\b",
    re.IGNORECASE,
)
_RISING = re.compile(
    r"\b(?:go|goes|went|gone|going|rise|rises|rose|risen|put|bring|brings|brought|crept|climbed|jumped|moved|pushed|"
    r"edged|shot)\s*$",
    re.IGNORECASE,
)
# "Around 1500" is no year that another could contradict.
_ABOUT = re.compile(r"(?:\b(?:about|around|roughly|approximately|circa|some)|\bc\.|~)\s*$", re.IGNORECASE)
# What tells that a number without a noun counts something.
_COUNTS_BEFORE = re.compile(
    r"\b(?:killed|killing|injured|injuring|hurt|wounded|rescued|arrested|drowned|numbered|totalled|claimed|"
    r"(?:toll|number of [\w ’'-]{3,30}|total) (?:(?:has|had) )?(?:rose|risen|climbed|grew|grown|stands|stood|is|was)"
    r"(?: to| at)?|(?:toll|number of [\w ’'-]{3,40}|total) to|there (?:are|were))\s*$",
    re.IGNORECASE,
)
_COUNTS_AFTER = re.compile(
    r"\s*(?:of (?:them|these|those|us|whom|which)\b|(?:(?:were|was|have|had) )?(?:died|dead|killed|injured|hurt|"
    r"drowned|wounded|missing|rescued|arrested)\b|in (?:all|total)\b|altogether\b)",
    re.IGNORECASE,
)
# What so many did or met with: "Nine were taken to hospital."
_DONE_BY = re.compile(r" (?:were|are|have|had|\w+ed)\b")
# How old somebody is: "aged 91", "Ada Berg, 71,", "she was 16", "at 16 she".
_OF_AGE = re.compile(r"\b(?:aged?|the age of)\s*$")
_AGED = re.compile(rf"{CAPITAL}[\w’'-]*[a-z],\s*$|\b(?:he|she|who)(?:[’']s| is| was)?(?: only| just| now)?\s*$")
_AGED_AT = re.compile(r"(?:^|\W)[Aa]t\s*$")
_AFTER_AGE = re.compile(r"[,.;]|$| (?:now|when)\b")
_AFTER_AGED_AT = re.compile(r" (?:he|she|is|was|has|had)\b")
_UNTIL = re.compile(r" ?(?:to|until|till|[-–—]) ?")
_JOINED = re.compile(r",? (?:and )?")
_PART_OF = re.compile(r"\s*of\b(?: (?:the|all|its|their|our|this|these|those|a|an))*(?= )")


class Place(NamedTuple):
    """Where a value stands: its match, the text from its clause's start, what leads to it and what follows it."""

    found: re.Match[str]
    shared: str
    lead: str
    tail: str


class Amount(NamedTuple):
    """A value: its kind, between what and what it is in which unit, and where it ends, what it counts included."""

    kind: Kind
    unit: str
    low: float
    high: float
    bound: Bound
    end: int


def says_when(found: re.Match[str]) -> bool:
    """Return whether a value is a date or a time of day."""
    return bool(found["date"] or found["clock"])


def is_of_name(found: re.Match[str]) -> bool:
    """Return whether a number is of a name, as of "Line 5": after a capital, without a unit and what it would count."""
    has_unit = any(found[group] for group in _UNIT_GROUPS)
    since = max(0, found.start() - _LONGEST_NAME)
    if has_unit or not (found["low"] or "").isdigit() or not _NAME_BEFORE.search(found.string, since, found.start()):
        return False
    return not any(map(is_plural, noun_phrase(found.string[found.end() :])[:4]))


def are_of_one(one: re.Match[str], other: re.Match[str]) -> bool:
    """Return whether two values that follow each other are parts of one: "6 feet 2 inches", "1850 to 1855"."""
    between = one.string[one.end() : other.start()]
    if says_when(one):
        return bool(_UNTIL.fullmatch(between)) and not MOVED.search(one.string, 0, one.start())
    if not (one["low"] and other["low"]):
        return False
    scaled = [not ALL_SCALES.keys().isdisjoint(number_words(found["low"])) for found in (one, other)]
    if scaled[0] and not _has_unit(one) and (between == " " or (between == ", " and scaled[1])):
        return True
    if between == " " and not _has_unit(other) and other.string[other.end() : other.end() + 1] != "-":
        return not (one["time"] or one["percent"] or one["points"])
    dimension = _dimension(one)
    return bool(dimension and dimension == _dimension(other) and _JOINED.fullmatch(between))


def _has_unit(found: re.Match[str]) -> bool:
    return any(found[group] for group in ("currency", "points", "percent", "coin", "time", "measure"))


def _dimension(found: re.Match[str]) -> str | None:
    """Return what a value measures, weight for pounds too, None where it measures nothing."""
    if found["measure"]:
        return in_base(*_unit_and_power(found["measure"]))[0]
    if found["time"]:
        return "time"
    return in_base("lb")[0] if (found["coin"] or "").strip(" -").lower() in ("pound", "pounds") else None


def after_of(text: str) -> str:
    """Return what follows the "of the" that a text begins with, or the text as it is."""
    return text[part_of.end() :] if (part_of := _PART_OF.match(text)) else text


def read_amount(place: Place) -> Amount | None:
    """Return the value that stands there, None where there is none: the number counts nothing, the year is a guess."""
    found = place.found
    if found["date"]:
        if _ABOUT.search(place.lead):
            return None
        return Amount("date", *date_of(found["date"]), "exact", found.end())
    if found["clock"]:
        minutes, about = minutes_of(found["clock"]), _ABOUT_MINUTES if _ABOUT.search(place.lead) else 0
        return Amount("time", "", minutes - about, minutes + about, "exact", found.end())
    bound = _BOUNDS[found["bound"].lower()] if found["bound"] and not _risen(place) else "exact"
    if found["span"]:
        duration = duration_of(found["span"])
        return Amount("duration", *duration, bound, found.end()) if duration else None
    if found["part"] or found["some"]:
        share = 100 * _part(found)
        rough = _ROUGHLY * share if found["part"] else 0.0
        return Amount("share", "%", share - rough, share + rough, bound, found.end())
    if found["special"]:
        many = found["special"].lower() in {"several", "multiple", "numerous"}
        return _counting(place, 2 if many else 1, math.inf if many else 1, bound)
    low, high = _range(found["low"], found["high"])
    if high > low and re.search(r"\bby\s*$", place.lead) and " to " in found[0]:
        return None
    return _with_unit(place, low, high, bound)


def _with_unit(place: Place, low: float, high: float, bound: Bound) -> Amount | None:
    found, end = place.found, place.found.end()
    if not found["percent"] and any(_AMBIGUOUS.fullmatch(found[group] or "") for group in ("low", "high")):
        return None
    rate = re.sub(r"^(?:\s(?:per|an?)\s|/)", "/", found["rate"] or "").lower()
    if found["points"]:
        return Amount("points", rate, low, high, bound, end)
    if found["percent"]:
        return Amount("share", "%" + rate, low, high, bound, end)
    if found["currency"] or found["coin"]:
        coin = (found["currency"] or found["coin"]).strip(" -").lower()
        return Amount("money", CURRENCIES.get(coin, coin) + rate, low, high, bound, end)
    if found["time"]:
        return _lasting(found["time"], rate, low, high, bound, end)
    if found["measure"]:
        base, factor = in_base(*_unit_and_power(found["measure"]))
        if base == "m" and rate in _AN_HOUR:
            base, factor = "km/h", factor * _AN_HOUR[rate] / 1000
        return Amount("measure", base, low * factor, high * factor, bound, end)
    return _without_unit(place, low, high, bound)


def _lasting(time: str, rate: str, low: float, high: float, bound: Bound, end: int) -> Amount:
    *_, last = words = [word.removesuffix("s") for word in re.split("[ -]", time.lower().strip(" -"))]
    unit, factor = in_base(" ".join(words))
    if last == "old":
        return Amount("age", unit, low * factor, high * factor, bound, end)
    return Amount("duration", unit + rate, low * factor, high * factor, bound, end)


def _without_unit(place: Place, low: float, high: float, bound: Bound) -> Amount | None:
    if _is_age(place, low):
        return Amount("age", "year old", low, high, bound, place.found.end())
    return _counting(place, low, high, bound)


def _is_age(place: Place, years: float) -> bool:
    """Return whether a number without a unit is how old somebody is: "aged 9", "Ada Berg, 71,", "at 16 she"."""
    found = place.found
    if found["bound"] or found["high"] or not 2 <= years < 110 or not years.is_integer():
        return False
    if _OF_AGE.search(place.lead):
        return True
    is_at = _AGED_AT.search(place.lead) and _AFTER_AGED_AT.match(found.string, found.end())
    return bool(is_at or (_AGED.search(place.lead) and _AFTER_AGE.match(found.string, found.end())))


def _unit_and_power(measure: str) -> tuple[str, str]:
    power, _, name = measure.lower().strip(" -").removeprefix("metric ").rpartition(" ")
    return (power, "") if power == "nautical" else (MEASURES[name], power)


def _counting(place: Place, low: float, high: float, bound: Bound) -> Amount | None:
    """Return a number with the noun that it counts; without one, only a large number counts something."""
    if YEARS_BEFORE_CHRIST.match(place.tail):
        return None
    tail = after_of(place.tail)
    phrase = noun_phrase(tail)[:4] if re.match(r"[ -]\w", tail) else []
    if high == 1:
        named = phrase[-1:] if place.found["special"] or re.search(r"\b(?:only|just|exactly)\s*$", place.lead) else []
        noun = named[0] if named else None
    else:
        noun = next((word for word in phrase if is_plural(word)), None)
    if noun is not None:
        after = place.tail.index(noun) + len(noun)
        return Amount("count", min(content_words(noun), default=""), low, high, bound, place.found.end() + after)
    begins = not place.shared.strip() and not place.lead.strip()
    is_told = high > 1 and (
        _COUNTS_BEFORE.search(place.lead) or _COUNTS_AFTER.match(place.tail) or (begins and _DONE_BY.match(place.tail))
    )
    return Amount("count", "", low, high, bound, place.found.end()) if is_told or _is_large(place) else None


def _is_large(place: Place) -> bool:
    """Return whether a number without a noun counts something: not a year, nor one of a name ("Patent 1,655,114")."""
    text = (place.found["low"] or "").lower()
    named = re.search(r"\b[A-Z][\w.]*$", place.lead.rstrip())
    return not (named or place.found["high"]) and number(text) >= 1000 and not re.fullmatch(r"(?:1\d|20)\d\d", text)


def _part(found: re.Match[str]) -> float:
    """Return what part of a whole is meant: "two-thirds", "half", "one in five"."""
    if found["some"]:
        return number(found["some"]) / max(number(found["every"]), 1)
    return (number(found["parts"]) if found["parts"] else 1) / _PARTS[found["part"].rstrip("sS").lower()]


def _risen(place: Place) -> bool:
    """Return whether a value is what something went "up to"."""
    return place.found["bound"].lower() == "up to" and bool(_RISING.search(place.lead))


def _range(low: str, high: str | None) -> tuple[float, float]:
    if high is None:
        return number(low), number(low)
    scale = [word for word in number_words(high) if word in ALL_SCALES]
    start, end = number(low), number(high)
    if scale and not any(word in ALL_SCALES for word in number_words(low)):
        start *= math.prod(ALL_SCALES[word] for word in scale)
    return min(start, end), max(start, end)

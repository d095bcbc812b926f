"""Quantities: the shares, amounts, counts, durations and dates of a sentence, each with what it is said of."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import Literal, NamedTuple

from index.analysis import plain_case
from rag.content import NEGATED, content_words, is_plural, noun_phrase, words_of_names
from rag.english import BEFORE_CHRIST, MONTH, MONTHS, any_of
from rag.moments import CLOCK, DATE, LENGTHS, SPAN, YEARS_BEFORE_CHRIST, date_of, duration_of, minutes_of
from rag.numbers import ALL_SCALES, DIGITS, MORE, RANGE_END, SCALED, SMALLS, WORDS, number, number_words, with_commas
from rag.units import CODES, COINS, CURRENCIES, MEASURES, in_base

Kind = Literal["share", "points", "money", "duration", "age", "measure", "count", "date", "time"]
Bound = Literal["exact", "about", "over", "under", "least", "most"]
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "tenth": 10}
# Each value is read together with its sentence; what has more of them is a table that came as one line.
_MOST_VALUES = 40
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
_VALUE = re.compile(
    rf"(?P<date>{DATE})|(?P<clock>{CLOCK})|"
    rf"(?:(?<!\w)(?P<bound>{any_of(list(_BOUNDS))}) ?(?!{CLOCK}|{DATE}))?"
    rf"(?:(?P<span>{SPAN})|{_FRACTION}|{_SPECIAL}|{_AMOUNT}{_UNIT})",
    re.IGNORECASE,
)
_UNIT_GROUPS = ("currency", "high", "points", "percent", "coin", "time", "measure", "rate", "bound")
_LONGEST_NAME = 64
# What tells that a value was another before stands so near before it.
_NEAR = 40
_NAME_BEFORE = re.compile(
    rf"\b(?!(?:{MONTH}|\w+day|At|In|By|On|About|Some|Only|Over|Just|After|Before|Around)\s)[A-Z][a-z]+ $"
)
_MAY_HAVE_VALUES = re.compile(
    rf"\d|\b(?:{SMALLS}|{SCALED}|half|halves|thirds?|quarters?|fifths?|tenths?|only|sole|single|several|multiple|numerous)\b",
    re.IGNORECASE,
)
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
_JOINT = re.compile(r"\b(?:and|or|but|compared|versus|against)\b|,", re.IGNORECASE)
_CHANGED = (
    r"(?:r[io]se[ns]?|rising|fell|falls?|fallen|falling|gr[eo]ws?|grown|growing|growth|increas(?:e|es|ed|ing)|"
    r"decreas(?:e|es|ed|ing)|dropp?(?:s|ed|ing)?|declin(?:e|es|ed|ing)|cut(?:s|ting)?|reduc(?:e|es|ed|tion|ing)|gain(?:s|ed)?|"
    r"climb(?:s|ed)?|jump(?:s|ed)?|surg(?:e|es|ed)|slump(?:s|ed)?|shr[aiu]nk|up|down|los[et]s?|higher|lower|fewer|more)"
)
_CHANGE = re.compile(rf"\b{_CHANGED}\b", re.IGNORECASE)
_CHANGE_BEFORE = re.compile(
    rf"\b{_CHANGED}\b(?:\s+(?!to\b|at\b|than\b)[\w’'-]+){{0,3}}\s*$|\b{_CHANGED}\b.*\bby\s*$|"
    r"\b(?:another|additional|extra)\s*$",
    re.IGNORECASE,
)
_CHANGE_AFTER = re.compile(rf"\s*(?!of\b)(?:\w+\s){{0,2}}?{_CHANGED}\b", re.IGNORECASE)
_FORMER = re.compile(
    r"\b(?:from|compared (?:with|to)|versus|vs\.?|against|instead of|rather than|than|not|previously|once|"
    r"formerly)(?: (?:the|its|a) (?:present|current|previous|old|former|earlier|record))?\s*$",
    re.IGNORECASE,
)
# The whole of which a part is told: "31 of 120 seats".
_OF_A_WHOLE = re.compile(rf"\b(?:\d[\d,.]*|{SMALLS}) (?:out )?of (?:the |its |all )?$", re.IGNORECASE)
_RISING = re.compile(
    r"\b(?:go|goes|went|gone|going|rise|rises|rose|risen|put|bring|brings|brought|crept|climbed|jumped|moved|pushed|"
    r"edged|shot)\s*$",
    re.IGNORECASE,
)
_BESIDE_THE_DATE = re.compile(
    r"\b(?:by|before|after|until|till|prior to|following|(?<!back )(?<!dating )(?<!dates )to)(?: the)?\s*$",
    re.IGNORECASE,
)
# "Around 1500" is no year that another could contradict.
_ABOUT = re.compile(r"(?:\b(?:about|around|roughly|approximately|circa|some)|\bc\.|~)\s*$", re.IGNORECASE)
_FORECAST = re.compile(
    r"\b(?:will|would|could|may|might|should|if|unless|expect(?:s|ed)?|forecasts?|projected|predict(?:s|ed)?|targets?|"
    r"aims?|goals?|plans?|planned|hopes?|potential|by 20\d\d)\b"
)
_PLACE = re.compile(
    r"\b(?:[Ii]n|[Aa]t|[Aa]cross|[Ww]ithin|[Nn]ear|[Ff]rom|[Ff]or|[Aa]mong) (?:the )?"
    r"([A-Z][\w’'.-]*(?: [A-Z][\w’'.-]*)*)"
)
# What something was for, or happened at: "for the Silver Jubilee".
_OCCASION = re.compile(
    r"\b(?:Jubilee|Coronation|Centenary|Bicentenary|Anniversary|Olympics|Games|Cup|Festival|Exhibition|Fair|Day|Week|War)$"
)
_YEAR = re.compile(rf"\b\d{{1,4}} ?{BEFORE_CHRIST}|\b(?:1\d|20)\d\d\b(?!,\d)")
_COMMA = re.compile(r",?")
MOVED = re.compile(
    r"\b(?:postponed|delayed|moved|brought forward|put (?:back|off)|pushed back|rescheduled|instead of|originally|"
    r"rather than|changed)\b",
    re.IGNORECASE,
)
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
# "It has not rained for 96 days" tells how long.
_FOR_SO_LONG = re.compile(r"\bfor\s*$")
# What so many did or met with: "Nine were taken to hospital."
_DONE_BY = re.compile(r" (?:were|are|have|had|\w+ed)\b")
# How old somebody is: "aged 91", "Ada Berg, 71,", "she was 16", "at 16 she".
_OF_AGE = re.compile(r"\b(?:aged?|the age of)\s*$")
_AGED = re.compile(r"[A-Z][\w’'-]*[a-z],\s*$|\b(?:he|she|who)(?:[’']s| is| was)?(?: only| just| now)?\s*$")
_AGED_AT = re.compile(r"(?:^|\W)[Aa]t\s*$")
_AFTER_AGE = re.compile(r"[,.;]|$| (?:now|when)\b")
_AFTER_AGED_AT = re.compile(r" (?:he|she|is|was|has|had)\b")
_UNTIL = re.compile(r" ?(?:to|until|till|[-–—]) ?")
_JOINED = re.compile(r",? (?:and )?")
_PART_OF = re.compile(r"\s*of\b(?: (?:the|all|its|their|our|this|these|those|a|an))*(?= )")
# A month is capitalised: "may" is none.
_MONTH_NAMED = re.compile(rf"\b(?!^May\b)(?:{'|'.join(map(str.capitalize, MONTHS))})\b")
# What a cost is for, what works against, or to whom something opened: "to repair", "for a film", not "to date".
_PURPOSE = re.compile(r"\b(?:to|for|against)(?: (?:the|a|an|its|their))? (?!date\b)([a-z][\w’'-]*(?: [a-z][\w’'-]*)?)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value that a text states at `[start, end)`, modifier included: between `low` and `high`, in `unit`.

    `counted` are the words of what it is a part or a number of ("of processing capacity", "three mines"), `after` those
    that follow it up to a comma, `own` all that is said of this value and of no other, `context` these and the rest of
    the sentence; `names`, `years` and `months` are those of its clause, `places` the names that stand after "in" or
    "at" there, `purpose` the words of what it is for ("to repair").
    Lengths are told in metres, weights in kilograms, and so on, so that "2 km" and "2,000 metres" are one value.
    A date is a number that grows with time, a span of days where it is less exact than a day; a time of day the minutes
    since noon or midnight.
    """

    kind: Kind
    unit: str
    low: float
    high: float
    bound: Bound
    start: int
    end: int
    counted: frozenset[str]
    after: frozenset[str]
    own: frozenset[str]
    context: frozenset[str]
    names: frozenset[str]
    places: frozenset[str]
    years: frozenset[str]
    months: frozenset[str]
    purpose: frozenset[str]
    is_change: bool
    is_forecast: bool


class _Place(NamedTuple):
    """Where a value stands: its match, the text from its clause's start, what leads to it and what follows it."""

    found: re.Match[str]
    shared: str
    lead: str
    tail: str


class _Measured(NamedTuple):
    kind: Kind
    unit: str
    low: float
    high: float
    bound: Bound
    end: int


def read_quantities(text: str) -> list[Quantity]:
    """Return the quantities that a sentence states as they are, not what it denies or what was before.

    Of a sentence with more than 40 values the beginning is read, up to as many.
    """
    if not _MAY_HAVE_VALUES.search(text):
        return []
    plain = _blanked(text)
    clauses = _clauses(plain)
    found = [[one for one in _VALUE.finditer(plain, start, end) if not _is_of_name(one)] for start, end in clauses]
    beyond = next(islice(chain.from_iterable(found), _MOST_VALUES, None), None)
    if beyond is not None:
        return read_quantities(text[: beyond.start()])
    return [
        quantity
        for at, (clause, matches) in enumerate(zip(clauses, found, strict=True))
        for dates in (False, True)
        for place in _places(plain, clause, [match for match in matches if _says_when(match) is dates])
        if (quantity := _quantity(plain, clause, place, _elsewhere(plain, clauses, found, at, dates))) is not None
    ]


def years_in(text: str) -> frozenset[str]:
    """Return the years that a text names, those before Christ as "1500BC"."""
    return frozenset(re.sub(r"[ .E]", "", year) for year in _YEAR.findall(text))


def is_change(text: str) -> bool:
    """Return whether a text speaks of something that grew or shrank."""
    return bool(_CHANGE.search(text))


def is_forecast(text: str) -> bool:
    """Return whether a text speaks of what may be or is meant to be."""
    return bool(_FORECAST.search(text))


def clauses_of(text: str) -> list[tuple[int, int, str]]:
    """Return the clauses of a sentence: where each starts and ends, and its text with what is said aside blanked."""
    plain = _blanked(text)
    return [(start, end, plain[start:end]) for start, end in _clauses(plain)]


def _blanked(text: str) -> str:
    """Return the text with spaces, as many, in place of what is said aside and of who says it."""
    text = with_commas(plain_case(text))
    for aside in (_ASIDE, _ATTRIBUTION):
        text = aside.sub(lambda found: " " * len(found[0]), text)
    return text


def _clauses(text: str) -> list[tuple[int, int]]:
    opening = _SUBORDINATE.match(text)
    ends = [0, *(found.start() for found in _CLAUSE_END.finditer(text)), len(text)]
    if opening:
        ends = sorted({*ends, opening.end()})
    return [(start, end) for start, end in pairwise(ends) if start < end]


def _elsewhere(
    text: str, clauses: Sequence[tuple[int, int]], found: Sequence[Sequence[re.Match[str]]], at: int, dates: bool
) -> str:
    """Return the other clauses, those left out that have values of their own."""
    others = (
        clause
        for other, (clause, matches) in enumerate(zip(clauses, found, strict=True))
        if other != at and not any(_says_when(match) is dates for match in matches)
    )
    return " ".join(text[start:end] for start, end in others)


def _says_when(found: re.Match[str]) -> bool:
    return bool(found["date"] or found["clock"])


def _places(text: str, clause: tuple[int, int], matches: Sequence[re.Match[str]]) -> Iterator[_Place]:
    """Yield each value of a clause with the words that are its own: those between two are divided where they join.

    What is only a part of a value ("6 feet 2 inches") is none.
    """
    pairs = enumerate(pairwise(matches))
    parts = {part for at, pair in pairs if _are_of_one(*pair) for part in (at, at + 1)}
    since, shared = clause[0], text[clause[0] : matches[0].start()] if matches else ""
    for at, found in enumerate(matches):
        until = matches[at + 1].start() if at + 1 < len(matches) else clause[1]
        lead = text[since : found.start()]
        opening = _COMMA.match(text, found.end()) if not content_words(lead) else None
        rest = opening.end() if opening else found.end()
        is_last = at + 1 == len(matches)
        joint = None if is_last and not _says_when(found) else _JOINT.search(text, rest, until)
        if at not in parts:
            yield _Place(found, shared, lead, text[rest : joint.start() if joint else until])
        since = joint.end() if joint else until


def _are_of_one(one: re.Match[str], other: re.Match[str]) -> bool:
    """Return whether two values that follow each other are parts of one: "6 feet 2 inches", "1850 to 1855"."""
    between = one.string[one.end() : other.start()]
    if _says_when(one):
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


def _quantity(text: str, clause: tuple[int, int], place: _Place, elsewhere: str) -> Quantity | None:
    measured = _measured(place)
    lead = place.lead if content_words(place.lead) else place.shared
    if (
        measured is None
        or _OF_A_WHOLE.search(text, 0, place.found.start())
        or _is_former(place.found)
        or (NEGATED.search(lead) and not (measured.kind == "duration" and _FOR_SO_LONG.search(lead)))
    ):
        return None
    if measured.kind in ("date", "time") and _BESIDE_THE_DATE.search(place.lead):
        return None
    if measured.kind == "date" and _ABOUT.search(place.lead):
        return None
    whole = text[clause[0] : clause[1]]
    counted = frozenset[str]() if _says_when(place.found) else _counted(place.tail)
    own = counted | content_words(lead) | content_words(place.tail) | content_words(place.found["rate"] or "")
    return Quantity(
        kind=measured.kind,
        unit=measured.unit,
        low=measured.low,
        high=measured.high,
        bound=measured.bound,
        start=place.found.start() + len(place.found[0]) - len(place.found[0].lstrip()),
        end=measured.end,
        counted=counted,
        after=content_words(_JOINT.split(place.tail.lstrip(" ,"))[0]),
        own=own,
        context=own | content_words(place.shared) | content_words(elsewhere),
        names=words_of_names(whole),
        places=frozenset[str]().union(*(words_of_names("in " + name) for name in _places_in(whole))),
        years=years_in(whole),
        months=frozenset(_MONTH_NAMED.findall(whole)),
        purpose=_purpose(place),
        is_change=bool(_CHANGE_BEFORE.search(place.lead) or _CHANGE_AFTER.match(place.tail)),
        is_forecast=is_forecast(_said_of(whole, place.found.end() - clause[0])),
    )


def _is_former(found: re.Match[str]) -> bool:
    """Return whether a value is what another was before or is compared with; "from 140 to 210" is one value."""
    since = max(0, found.start() - _NEAR)
    before = _FORMER.search(found.string, since, found.start())
    is_range = before is not None and bool(found["high"]) and before[0].strip().lower() == "from"
    return before is not None and not (is_range and not _CHANGE.search(found.string, since, before.start()))


def _said_of(clause: str, end: int) -> str:
    """Return a clause up to the comma behind a value that ends there: what follows is said of something else."""
    comma = clause.find(", ", end)
    return clause if comma < 0 else clause[:comma]


def _places_in(clause: str) -> list[str]:
    return [name for name in _PLACE.findall(clause) if not _OCCASION.search(name)]


def _is_of_name(found: re.Match[str]) -> bool:
    """Return whether a number is of a name, as of "Line 5": after a capital, without a unit and what it would count."""
    has_unit = any(found[group] for group in _UNIT_GROUPS)
    since = max(0, found.start() - _LONGEST_NAME)
    if has_unit or not (found["low"] or "").isdigit() or not _NAME_BEFORE.search(found.string, since, found.start()):
        return False
    return not any(map(is_plural, noun_phrase(found.string[found.end() :])[:4]))


def _purpose(place: _Place) -> frozenset[str]:
    """Return the words of what a value is for, and before a date those of whom or what it is for."""
    text = f"{place.lead};{place.tail}" if place.found["date"] else place.tail
    return frozenset[str]().union(*map(content_words, _PURPOSE.findall(text)))


def _counted(tail: str) -> frozenset[str]:
    part_of = _PART_OF.match(tail)
    return content_words(" ".join(noun_phrase(tail[part_of.end() :] if part_of else tail)))


def _measured(place: _Place) -> _Measured | None:
    found = place.found
    if found["date"]:
        return _Measured("date", *date_of(found["date"]), "exact", found.end())
    if found["clock"]:
        minutes, about = minutes_of(found["clock"]), _ABOUT_MINUTES if _ABOUT.search(place.lead) else 0
        return _Measured("time", "", minutes - about, minutes + about, "exact", found.end())
    bound = _BOUNDS[found["bound"].lower()] if found["bound"] and not _risen(place) else "exact"
    if found["span"]:
        duration = duration_of(found["span"])
        return _Measured("duration", *duration, bound, found.end()) if duration else None
    if found["part"] or found["some"]:
        share = 100 * _part(found)
        rough = _ROUGHLY * share if found["part"] else 0.0
        return _Measured("share", "%", share - rough, share + rough, bound, found.end())
    if found["special"]:
        many = found["special"].lower() in {"several", "multiple", "numerous"}
        return _counting(place, 2 if many else 1, math.inf if many else 1, bound)
    low, high = _range(found["low"], found["high"])
    if high > low and re.search(r"\bby\s*$", place.lead) and " to " in found[0]:
        return None
    return _with_unit(place, low, high, bound)


def _with_unit(place: _Place, low: float, high: float, bound: Bound) -> _Measured | None:
    found, end = place.found, place.found.end()
    if not found["percent"] and any(_AMBIGUOUS.fullmatch(found[group] or "") for group in ("low", "high")):
        return None
    rate = re.sub(r"^(?:\s(?:per|an?)\s|/)", "/", found["rate"] or "").lower()
    if found["points"]:
        return _Measured("points", rate, low, high, bound, end)
    if found["percent"]:
        return _Measured("share", "%" + rate, low, high, bound, end)
    if found["currency"] or found["coin"]:
        coin = (found["currency"] or found["coin"]).strip(" -").lower()
        return _Measured("money", CURRENCIES.get(coin, coin) + rate, low, high, bound, end)
    if found["time"]:
        words = [word.removesuffix("s") for word in re.split("[ -]", found["time"].lower().strip(" -"))]
        unit, factor = in_base(" ".join(words))
        return _Measured("age" if words[-1] == "old" else "duration", unit, low * factor, high * factor, bound, end)
    if found["measure"]:
        base, factor = in_base(*_unit_and_power(found["measure"]))
        if base == "m" and rate in _AN_HOUR:
            base, factor = "km/h", factor * _AN_HOUR[rate] / 1000
        return _Measured("measure", base, low * factor, high * factor, bound, end)
    return _without_unit(place, low, high, bound)


def _without_unit(place: _Place, low: float, high: float, bound: Bound) -> _Measured | None:
    if _is_age(place, low):
        return _Measured("age", "year old", low, high, bound, place.found.end())
    return _counting(place, low, high, bound)


def _is_age(place: _Place, years: float) -> bool:
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


def _counting(place: _Place, low: float, high: float, bound: Bound) -> _Measured | None:
    """Return a number with the noun that it counts; without one, only a large number counts something."""
    if YEARS_BEFORE_CHRIST.match(place.tail):
        return None
    part_of = _PART_OF.match(place.tail)
    tail = place.tail[part_of.end() :] if part_of else place.tail
    phrase = noun_phrase(tail)[:4] if re.match(r"[ -]\w", tail) else []
    if high == 1:
        named = phrase[-1:] if place.found["special"] or re.search(r"\b(?:only|just|exactly)\s*$", place.lead) else []
        noun = named[0] if named else None
    else:
        noun = next((word for word in phrase if is_plural(word)), None)
    if noun is not None:
        after = place.tail.index(noun) + len(noun)
        return _Measured("count", min(content_words(noun), default=""), low, high, bound, place.found.end() + after)
    begins = not place.shared.strip() and not place.lead.strip()
    is_told = high > 1 and (
        _COUNTS_BEFORE.search(place.lead) or _COUNTS_AFTER.match(place.tail) or (begins and _DONE_BY.match(place.tail))
    )
    return _Measured("count", "", low, high, bound, place.found.end()) if is_told or _is_large(place) else None


def _is_large(place: _Place) -> bool:
    """Return whether a number without a noun counts something: not a year, nor one of a name ("Patent 1,655,114")."""
    text = (place.found["low"] or "").lower()
    named = re.search(r"\b[A-Z][\w.]*$", place.lead.rstrip())
    return not (named or place.found["high"]) and number(text) >= 1000 and not re.fullmatch(r"(?:1\d|20)\d\d", text)


def _part(found: re.Match[str]) -> float:
    """Return what part of a whole is meant: "two-thirds", "half", "one in five"."""
    if found["some"]:
        return number(found["some"]) / max(number(found["every"]), 1)
    return (number(found["parts"]) if found["parts"] else 1) / _PARTS[found["part"].rstrip("sS").lower()]


def _risen(place: _Place) -> bool:
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

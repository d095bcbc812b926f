"""Quantities: the shares, amounts, counts, durations and dates of a sentence, each with what it is said of."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

from index.analysis import CAPITAL
from rag.amounts import (
    MAY_HAVE_VALUES,
    VALUE,
    Bound,
    Kind,
    Place,
    after_of,
    are_of_one,
    is_of_name,
    read_amount,
    says_when,
)
from rag.clauses import CHANGED, blanked, is_change, is_forecast, spans_of_clauses, years_in
from rag.content import NEGATED, content_words, noun_phrase, words_of_names
from rag.english import MONTHS
from rag.numbers import SMALLS

# Each value is read together with its sentence; what has more of them is a table that came as one line.
_MOST_VALUES = 40
# What tells that a value was another before stands so near before it.
_NEAR = 40
_JOINT = re.compile(r"\b(?:and|or|but|compared|versus|against)\b|,", re.IGNORECASE)
_CHANGE_BEFORE = re.compile(
    rf"\b{CHANGED}\b(?:\s+(?!to\b|at\b|than\b)[\w’'-]+){{0,3}}\s*$|\b{CHANGED}\b.*\bby\s*$|"
    r"\b(?:another|additional|extra)\s*$",
    re.IGNORECASE,
)
_CHANGE_AFTER = re.compile(rf"\s*(?!of\b)(?:\w+\s){{0,2}}?{CHANGED}\b", re.IGNORECASE)
_FORMER = re.compile(
    r"\b(?:from|compared (?:with|to)|versus|vs\.?|against|instead of|rather than|than|not|previously|once|"
    r"formerly)(?: (?:the|its|a) (?:present|current|previous|old|former|earlier|record))?\s*$",
    re.IGNORECASE,
)
# The whole of which a part is told: "31 of 120 seats".
_OF_A_WHOLE = re.compile(rf"\b(?:\d[\d,.]*|{SMALLS}) (?:out )?of (?:the |its |all )?$", re.IGNORECASE)
_BESIDE_THE_DATE = re.compile(
    r"\b(?:by|before|after|until|till|prior to|following|(?<!back )(?<!dating )(?<!dates )to)(?: the)?\s*$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:[Ii]n|[Aa]t|[Aa]cross|[Ww]ithin|[Nn]ear|[Ff]rom|[Ff]or|[Aa]mong) (?:the )?"
    rf"({CAPITAL}[\w’'.-]*(?: {CAPITAL}[\w’'.-]*)*)"
)
# What something was for, or happened at: "for the Silver Jubilee".
_OCCASION = re.compile(
    r"\b(?:Jubilee|Coronation|Centenary|Bicentenary|Anniversary|Olympics|Games|Cup|Festival|Exhibition|Fair|Day|Week|War)$"
)
_COMMA = re.compile(r",?")
# "It has not rained for 96 days" tells how long.
_FOR_SO_LONG = re.compile(r"\bfor\s*$")
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


def read_quantities(text: str) -> list[Quantity]:
    """Return the quantities that a sentence states as they are, not what it denies or what was before.

    Of a sentence with more than 40 values the beginning is read, up to as many.
    """
    if not MAY_HAVE_VALUES.search(text):
        return []
    plain = blanked(text)
    clauses = spans_of_clauses(plain)
    found = [[one for one in VALUE.finditer(plain, start, end) if not is_of_name(one)] for start, end in clauses]
    beyond = next(islice(chain.from_iterable(found), _MOST_VALUES, None), None)
    if beyond is not None:
        return read_quantities(text[: beyond.start()])
    return [
        quantity
        for at, (clause, matches) in enumerate(zip(clauses, found, strict=True))
        for dates in (False, True)
        for place in _places(plain, clause, [match for match in matches if says_when(match) is dates])
        if (quantity := _quantity(plain, clause, place, _elsewhere(plain, clauses, found, at, dates))) is not None
    ]


def _elsewhere(
    text: str, clauses: Sequence[tuple[int, int]], found: Sequence[Sequence[re.Match[str]]], at: int, dates: bool
) -> str:
    """Return the other clauses, those left out that have values of their own."""
    others = (
        clause
        for other, (clause, matches) in enumerate(zip(clauses, found, strict=True))
        if other != at and not any(says_when(match) is dates for match in matches)
    )
    return " ".join(text[start:end] for start, end in others)


def _places(text: str, clause: tuple[int, int], matches: Sequence[re.Match[str]]) -> Iterator[Place]:
    """Yield each value of a clause with the words that are its own: those between two are divided where they join.

    What is only a part of a value ("6 feet 2 inches") is none.
    """
    pairs = enumerate(pairwise(matches))
    parts = {part for at, pair in pairs if are_of_one(*pair) for part in (at, at + 1)}
    since, shared = clause[0], text[clause[0] : matches[0].start()] if matches else ""
    for at, found in enumerate(matches):
        until = matches[at + 1].start() if at + 1 < len(matches) else clause[1]
        lead = text[since : found.start()]
        opening = _COMMA.match(text, found.end()) if not content_words(lead) else None
        rest = opening.end() if opening else found.end()
        is_last = at + 1 == len(matches)
        joint = None if is_last and not says_when(found) else _JOINT.search(text, rest, until)
        if at not in parts:
            yield Place(found, shared, lead, text[rest : joint.start() if joint else until])
        since = joint.end() if joint else until


def _quantity(text: str, clause: tuple[int, int], place: Place, elsewhere: str) -> Quantity | None:
    amount = read_amount(place)
    lead = place.lead if content_words(place.lead) else place.shared
    if (
        amount is None
        or _OF_A_WHOLE.search(text, 0, place.found.start())
        or _is_former(place.found)
        or (NEGATED.search(lead) and not (amount.kind == "duration" and _FOR_SO_LONG.search(lead)))
    ):
        return None
    if amount.kind in ("date", "time") and _BESIDE_THE_DATE.search(place.lead):
        return None
    whole = text[clause[0] : clause[1]]
    counted = frozenset[str]() if says_when(place.found) else _counted(place.tail)
    own = counted | content_words(lead) | content_words(place.tail) | content_words(place.found["rate"] or "")
    return Quantity(
        kind=amount.kind,
        unit=amount.unit,
        low=amount.low,
        high=amount.high,
        bound=amount.bound,
        start=place.found.start() + len(place.found[0]) - len(place.found[0].lstrip()),
        end=amount.end,
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
    return before is not None and not (is_range and not is_change(found.string[since : before.start()]))


def _said_of(clause: str, end: int) -> str:
    """Return a clause up to the comma behind a value that ends there: what follows is said of something else."""
    comma = clause.find(", ", end)
    return clause if comma < 0 else clause[:comma]


def _places_in(clause: str) -> list[str]:
    return [name for name in _PLACE.findall(clause) if not _OCCASION.search(name)]


def _purpose(place: Place) -> frozenset[str]:
    """Return the words of what a value is for, and before a date those of whom or what it is for."""
    text = f"{place.lead};{place.tail}" if place.found["date"] else place.tail
    return frozenset[str]().union(*map(content_words, _PURPOSE.findall(text)))


def _counted(tail: str) -> frozenset[str]:
    return content_words(" ".join(noun_phrase(after_of(tail))))

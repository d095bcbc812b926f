"""Figures: the numbers, units and dates of a text as they may be compared, however they are written."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from index.analysis import plain_case, words_of
from rag.english import LETTER_SCALES, NUMBERS, SCALES, SHORT_SCALES, any_of, by_spelling, letter_scale
from rag.units import MEASURES

_DATE = re.compile(
    r"\b(?:Jan(?:uary|\.)|Feb(?:ruary|\.)|Mar(?:ch|\.)|Apr(?:il|\.)|May|June|July|Aug(?:ust|\.)|Sept?(?:ember|\.)|"
    r"Oct(?:ober|\.)|Nov(?:ember|\.)|Dec(?:ember|\.)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)(?!\w)"
)

_UP_TO_99 = rf"(?:{'|'.join(NUMBERS)})(?:[ -](?:{'|'.join(NUMBERS)}))*"
_NUMBER_WORDS = re.compile(rf"\b{_UP_TO_99}(?: hundred(?: (?:and )?{_UP_TO_99})?)?\b", re.IGNORECASE)
_ALL_SCALES = SCALES | SHORT_SCALES | LETTER_SCALES
_NUMBER = re.compile(
    r"(?P<money>(?<=[$€£]))?(?P<digits>\d+(?:[.,]\d+)*)"
    rf"(?:[\s-]?(?P<unit>%|(?:per\s?cent|percentage[\s-]point|{'|'.join(SCALES | SHORT_SCALES)})(?=s?\b)|"
    rf"{letter_scale('money')})|(?P<decade>s)\b)?",
    re.IGNORECASE,
)
# What stands before a number as its sign; the dash of "2010 -2015" is none.
_MINUS = re.compile(r"(?:(?:^|[^\d%\s]\s+|[(:])(?=[-−–])|\b(?=[mn]))([-−–]|minus\s|negative\s)[$€£]?$", re.IGNORECASE)
_LONGEST_MINUS = 16
_MEASURES = (
    MEASURES
    | {"t": "t"}  # Writers take tons and tonnes for each other, and few mean the short ton.
    | by_spelling(
        {
            "ha": "ha",
            "ounce": "oz ounce ounces",
            "gallon": "gallon gallons",
            "second": "second seconds",
            "minute": "minute minutes",
            "hour": "hour hours",
            "day": "day days",
            "week": "week weeks",
            "month": "month months",
            "year": "year years",
            "decade": "decade decades",
            "century": "century centuries",
            "dollar": "dollar dollars",
            "euro": "euro euros",
            # Of money or of weight.
            "pound": "pound pounds lb lbs",
            "yen": "yen",
            "yuan": "yuan",
        }
    )
)
_MEASURE = re.compile(
    rf"[\s-]?(?:metric )?(?P<power>square |sq |cubic )?"
    rf"(?P<unit>{any_of(_MEASURES)})\b(?P<hourly>[\s-](?:per|an)[\s-]hour\b)?",
    re.IGNORECASE,
)
# The way of an hour is a speed: "60 miles per hour" is "60 mph", and not 60 miles.
_SPEEDS = {"km": "km/h", "mile": "mph"}
_RANGE = re.compile(r"\s*(?:-|–|—|to|and|or)\s*[$€£]?")
_QUANTITY = re.compile(
    r"[$€£]|\b(?:half|halved|thirds?|quarters?|twice|(?:doubl|tripl|quadrupl)(?:e|es|ed|ing)|dozens?|hundreds?|"
    r"thousands|millions|billions|trillions|dollars?|euros?|pounds?|yen|yuan)\b",
    re.IGNORECASE,
)
_CURRENCIES = {"$": "dollar", "€": "euro", "£": "pound"}


class Figure(NamedTuple):
    """A number as written, what it may be compared as, and the unit that it is said to be of, if any."""

    written: str
    values: frozenset[str]
    measure: str | None = None


def figures_in(text: str) -> Iterator[Figure]:
    """Yield the numbers and quantities of a text.

    "1,200" is 1200, "85 percent" is 85%, "three million" is 3000000; the 85 of "85 to 90%" is 85 or 85%.
    """
    text = in_digits(plain_case(text))
    found = list(_NUMBER.finditer(text))
    for number, following in zip_longest(found, found[1:]):
        units, measure = {_unit(number)}, _measure(number)
        sign = _MINUS.search(text[max(0, number.start() - _LONGEST_MINUS) : number.start()])
        if following and _RANGE.fullmatch(text, number.end(), following.start()):
            units.add(_unit(following))
            measure = measure or _measure(following)
        values = frozenset(("-" if sign else "") + _value(number["digits"], unit) for unit in units)
        yield Figure((sign[1] if sign else "") + _written(number), values, measure)
    for quantity in _QUANTITY.finditer(text):
        value = _CURRENCIES.get(quantity[0]) or min(words_of(quantity[0]))
        yield Figure(quantity[0], frozenset([value]))


def _before(number: re.Match[str]) -> str:
    return number.string[max(0, number.start() - 1) : number.start()]


def _written(number: re.Match[str]) -> str:
    if (currency := _before(number)) in _CURRENCIES:
        return currency + number[0]
    unit = _MEASURE.match(number.string, number.end())
    return number[0] + (unit[0] if unit else "")


def _measure(number: re.Match[str]) -> str | None:
    """Return the unit that stands before a number, as money's may, or directly after it."""
    if (currency := _before(number)) in _CURRENCIES:
        return _CURRENCIES[currency]
    unit = _MEASURE.match(number.string, number.end())
    if unit is None:
        return None
    power = (unit["power"] or "").casefold().replace("sq ", "square ")
    measure = power + _MEASURES[unit["unit"].casefold()]
    return _SPEEDS.get(measure, measure) if unit["hourly"] else measure


def is_counted(number: Figure, counted: Sequence[Figure]) -> bool:
    """Tell whether a number is one of others; of units only those that both have are compared."""
    return any(
        number.values & one.values and (not number.measure or not one.measure or number.measure == one.measure)
        for one in counted
    )


def _in_digits(words: re.Match[str]) -> str:
    if words[0].casefold() == "one":
        return words[0]
    value = 0
    for word in re.split(r"[\s-]+", words[0].casefold()):
        value = value * 100 if word == "hundred" else value + NUMBERS.get(word, 0)
    return str(value)


def _unit(number: re.Match[str]) -> str:
    unit = re.sub(r"[\s-]", "", (number["unit"] or number["decade"] or "").casefold())
    return "%" if unit == "percent" else unit


def _value(digits: str, unit: str) -> str:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits):
        digits = digits.replace(",", "")
    if re.fullmatch(r"\d{1,30}(?:\.\d{1,30})?", digits):
        digits = str(Fraction(digits) * _ALL_SCALES.get(unit, 1))
    return digits + ("" if unit in _ALL_SCALES else unit)


def dates_in(text: str) -> list[tuple[str, str]]:
    """Return the months and days of the week in a text: each as it is written, and as it is compared."""
    return [(date[0], date[0][:3].casefold()) for date in _DATE.finditer(text)]


def in_digits(text: str) -> str:
    """Return a text with its number words in digits; "one" stays, which is a pronoun more often than a number."""
    return _NUMBER_WORDS.sub(_in_digits, text)


def without_numbers(text: str) -> str:
    """Return a text without its numbers, in words or in digits."""
    return _NUMBER.sub(" ", _NUMBER_WORDS.sub(" ", text))

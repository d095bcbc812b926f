"""Figures: the numbers, units and dates of a text as they may be compared, however they are written."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from index.analysis import plain_case, words_of
from rag.english import (
    BEFORE_CHRIST,
    LETTER_SCALES,
    MONTH,
    NUMBERS,
    ORDINALS,
    SCALES,
    SHORT_SCALES,
    any_of,
    by_spelling,
    letter_scale,
)
from rag.units import CODES, COINS, CURRENCIES, CURRENCY_SIGN, MEASURES, currencies

_DATE = re.compile(
    r"\b(?:Jan(?:uary|\.)|Feb(?:ruary|\.)|Mar(?:ch|\.)|Apr(?:il|\.)|May|June|July|Aug(?:ust|\.)|Sept?(?:ember|\.)|"
    r"Oct(?:ober|\.)|Nov(?:ember|\.)|Dec(?:ember|\.)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)(?!\w)"
)

_UP_TO_99 = rf"(?:{'|'.join(NUMBERS)})(?:[ -](?:{'|'.join(NUMBERS)}))*"
_NUMBER_WORDS = re.compile(rf"\b{_UP_TO_99}(?: hundred(?: (?:and )?{_UP_TO_99})?)?\b", re.IGNORECASE)
# Not the first three alone, which are also adverbs, a time and a part, and no part of a whole: "a fifth", "one-tenth".
_ORDINAL = re.compile(
    r"\b(?:(?P<tens>twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[ -](?P<ones>first|third|fourth|fifth|sixth|"
    r"seventh|eighth|ninth)|(?<!\ba )(?<!\ban )(?<!\bone[ -])(?P<part>fourth|fifth|sixth|seventh|eighth|ninth|tenth)|"
    rf"(?P<whole>{'|'.join(word for word, value in ORDINALS.items() if value > 10)}))\b",
    re.IGNORECASE,
)
_OF_MONTH = re.compile(rf"\s+of\s+{MONTH}", re.IGNORECASE)
_SPELT_SCALES = SCALES | SHORT_SCALES
_ALL_SCALES = _SPELT_SCALES | LETTER_SCALES
_NUMBER = re.compile(
    rf"(?P<money>(?<={CURRENCY_SIGN}))?(?P<digits>\d+(?:[.,]\d+)*)"
    rf"(?:[\s-]?(?P<unit>%|(?:per\s?cent|percentage[\s-]point|{'|'.join(_SPELT_SCALES)})(?=s?\b)|"
    rf"{letter_scale('money')})|(?P<decade>s)\b|(?P<ordinal>st|nd|rd|th)\b)?"
    rf"(?P<era>(?:[ -]centur(?:y|ies))?\s?{BEFORE_CHRIST})?",
    re.IGNORECASE,
)
# What stands before a number as its sign; the dash of "2010 -2015" is none.
_MINUS = re.compile(
    rf"(?:(?:^|[^\d%\s]\s+|[(:])(?=[-−–])|\b(?=[mn]))([-−–]|minus\s|negative\s){CURRENCY_SIGN}?$", re.IGNORECASE
)
_LONGEST_MINUS = 16
_COINS = tuple({*CURRENCIES, *COINS.split(), *CODES.casefold().split()} - {"$"})
_CURRENCY_BEFORE = re.compile(rf"(?:{CURRENCY_SIGN}|\b(?:{any_of(CODES.split())})\s?)$", re.IGNORECASE)
_LONGEST_CURRENCY = 5
_MEASURES = (
    MEASURES
    | {"t": "t"}  # Writers take tons and tonnes for each other, and few mean the short ton.
    | by_spelling(
        {
            "ha": "ha",
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
            # Of money or of weight.
            "pound": "pound pounds lb lbs",
        }
    )
)
_MEASURE = re.compile(
    rf"[\s-]?(?:metric )?(?P<power>square |sq |cubic )?"
    rf"(?P<unit>{any_of({*_MEASURES, *_COINS})})\b(?P<hourly>[\s-](?:per|an)[\s-]hour\b)?",
    re.IGNORECASE,
)
# The way of an hour is a speed: "60 miles per hour" is "60 mph", and not 60 miles.
_SPEEDS = {"km": "km/h", "mile": "mph"}
_RANGE = re.compile(rf"\s*(?:-|–|—|to|and|or)\s*{CURRENCY_SIGN}?")
_QUANTITY = re.compile(
    rf"(?P<currency>{CURRENCY_SIGN}|\b(?:{any_of(_COINS)})\b)|\b(?P<ordinal>first|second|third)\b|"
    r"\b(?:half|halved|thirds|quarters?|twice|(?:doubl|tripl|quadrupl)(?:e|es|ed|ing)|dozens?|hundreds?|"
    r"thousands|millions|billions|trillions)\b",
    re.IGNORECASE,
)


class Figure(NamedTuple):
    """A number as written, what it may be compared as, and the unit that it is said to be of, if any.

    "¥" is of two currencies; without a unit, a number may be of any.
    """

    written: str
    values: frozenset[str]
    measures: frozenset[str] = frozenset()


def figures_in(text: str) -> Iterator[Figure]:
    """Yield the numbers and quantities of a text.

    "1,200" is 1200, "85 percent" is 85%, "three million" is 3000000; the 85 of "85 to 90%" is 85 or 85%. "Fourth" is
    4th, and "4th" that or, as of a date, 4.
    """
    text = plain_case(text)
    for ordinal in _ORDINAL.finditer(text):
        yield Figure(ordinal[0], _ranks(ordinal, _rank(ordinal)))
    text = in_digits(_ORDINAL.sub(" ", text))
    found = list(_NUMBER.finditer(text))
    for number, following in zip_longest(found, found[1:]):
        yield _figure(number, following)
    for quantity in _QUANTITY.finditer(text):
        yield Figure(quantity[0], _quantity(quantity))


def _figure(number: re.Match[str], following: re.Match[str] | None) -> Figure:
    """Return a number as a figure; the unit of the other end of its range may be its own."""
    text = number.string
    units, measures = {_unit(number)}, _measures(number)
    sign = _MINUS.search(text[max(0, number.start() - _LONGEST_MINUS) : number.start()])
    if following and _RANGE.fullmatch(text, number.end(), following.start()):
        units.add(_unit(following))
        measures = measures or _measures(following)
    values = {("-" if sign else "") + _value(number["digits"], unit) for unit in units}
    if number["ordinal"]:
        values.add(number["digits"] + "th" + ("bc" if number["era"] else ""))
    return Figure((sign[1] if sign else "") + _written(number), frozenset(values), measures)


def _quantity(quantity: re.Match[str]) -> frozenset[str]:
    if quantity["currency"]:
        return currencies(quantity[0])
    same = frozenset([min(words_of(quantity[0]))])
    # A third is also a part, as thirds are.
    return same | _ranks(quantity, ORDINALS[quantity[0].casefold()]) if quantity["ordinal"] else same


def _ranks(ordinal: re.Match[str], rank: int) -> frozenset[str]:
    """Return what an ordinal may be compared as: the fourth of July is also July 4."""
    is_day = _OF_MONTH.match(ordinal.string, ordinal.end())
    return frozenset([f"{rank}th", str(rank)] if is_day else [f"{rank}th"])


def _rank(ordinal: re.Match[str]) -> int:
    if ordinal["tens"]:
        return NUMBERS[ordinal["tens"].casefold()] + ORDINALS[ordinal["ones"].casefold()]
    return ORDINALS[ordinal[0].casefold()]


def _unit_after(number: re.Match[str]) -> re.Match[str] | None:
    # The 19th century is not 19 of them.
    return None if number["ordinal"] else _MEASURE.match(number.string, number.end())


def _currency_before(number: re.Match[str]) -> str:
    before = _CURRENCY_BEFORE.search(number.string[max(0, number.start() - _LONGEST_CURRENCY) : number.start()])
    return before[0] if before else ""


def _written(number: re.Match[str]) -> str:
    if currency := _currency_before(number):
        return currency + number[0]
    unit = _unit_after(number)
    return number[0] + (unit[0] if unit else "")


def _measures(number: re.Match[str]) -> frozenset[str]:
    """Return the units, mostly one, that stand before a number, as money's may, or directly after it."""
    if currency := _currency_before(number):
        return currencies(currency.strip())
    unit = _unit_after(number)
    if unit is None:
        return frozenset()
    if unit["unit"].casefold() not in _MEASURES:
        return currencies(unit["unit"])
    power = (unit["power"] or "").casefold().replace("sq ", "square ")
    measure = power + _MEASURES[unit["unit"].casefold()]
    return frozenset([_SPEEDS.get(measure, measure) if unit["hourly"] else measure])


def is_counted(number: Figure, counted: Sequence[Figure]) -> bool:
    """Tell whether a number is one of others; of units only those that both have are compared."""
    return any(
        number.values & one.values and (not number.measures or not one.measures or number.measures & one.measures)
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
    return ("%" if unit == "percent" else unit) + ("bc" if number["era"] else "")


def _value(digits: str, unit: str) -> str:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,2}(?:,\d{2})+,\d{3}", digits):
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

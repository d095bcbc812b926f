"""Dates: the periods that a text names, and how long what it says of them lasts."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from index.analysis import CAPITAL, plain_case
from index.document import Span
from rag.english import MONTHS, NUMBERS, WEEKDAYS

# For whoever asks only where dates stand: which day a relative one is does not matter then.
ANY_DAY = date(2000, 1, 1)
# Each value of a sentence asks for its time; those of the sentences of a few questions are kept.
_SENTENCES = 1024

_NUMBERS = NUMBERS | {"a": 1, "an": 1, "a couple of": 2, "first": 1, "second": 2, "third": 3, "fourth": 4}
_MONTH_NOS = {name[:3]: number for number, name in enumerate(MONTHS, start=1)}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_PARTS = {"early": (0, 3), "mid": (3, 6), "late": (6, 9)}

_YEAR = r"(?:1[0-9]|20)[0-9]{2}(?![0-9]|[.,][0-9])"
_MONTH = (
    r"(?:jan(?:uary|\.)?|feb(?:ruary|\.)?|mar(?:ch|\.)?|apr(?:il|\.)?|may|june?|july?|aug(?:ust|\.)?|"
    r"sept?(?:ember|\.)?|oct(?:ober|\.)?|nov(?:ember|\.)?|dec(?:ember|\.)?)(?!\w)"
)
_DAY = r"[0-3]?[0-9](?:st|nd|rd|th)?"
_TO = r"(?:\s*[–—-]\s*|\s+(?:to|through|until|till|and)\s+)"
# What may stand between "to" and the second day of a range.
_BEFORE_END = rf"(?:the\s+)?(?:(?:{'|'.join(WEEKDAYS)}),?\s+(?:the\s+)?)?"
_OF = r"(?:,?\s+(?:of\s+)?|,\s*)"
_PART = r"(?:(?:early|late|mid)[\s-]+|mid)"
_SEASON = "|".join(_SEASONS)
_UNIT = r"(?:day|week|month|year|decade)"
_NUMBER = rf"(?:[0-9]{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"

# A number after these counts, and so does one before these or before a plural.
_COUNTED_BEFORE = re.compile(
    r"(?:[$€£¥₹#]\s?|\b(?:about|around|approximately|roughly|nearly|almost|over|under|than|least|most|some|only|exactly|"
    r"another|total|totals?|totalled|totaled|number|no\.|page|pages|p\.|pp\.|room|flight|route|model|section|article|"
    r"usd|eur|rmb|was|were|is|are|reached|hit|costs?|paid|earned|weighs?|every|all)\s+)$",
    re.IGNORECASE,
)
_TIME_BEFORE = re.compile(
    r"\b(?:in|since|during|until|till|before|after|years?|year (?:was|is)|(?:later|earlier) than|circa|between)\s+$",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(
    r"\s*%|[ \t\u00a0-]*(?:percent|per cent|people|men|women|children|tons?|tonnes?|kg|kilos?|kilograms?|grams?|km|"
    r"kilomet\w+|"
    r"met(?:er|re)s?|miles?|feet|ft|mw|gw|kwh|barrels?|dollars?|euros?|pounds|yuan|yen|usd|million|billion|trillion|"
    r"thousand|hundred|hours?|minutes?|seconds?|days?|weeks?|months?|years?|cases|times|jobs|workers|employees|"
    r"points|bytes|words|pages|mg|ppm|calories|degrees|square|cubic|°)(?!\w)",
    re.IGNORECASE,
)
_PLURAL_AFTER = re.compile(r"\s+(?!was|has|does|its|this|onwards|always)[a-z]{2,}(?<![suio])s(?![\w’'])")
_POSSESSIVE_BEFORE = re.compile(r"\b(?:the|its|their|his|her|this|\w+[’']s)\s+$", re.IGNORECASE)
_MONTH_BEFORE = re.compile(
    r"\b(?P<before>in|since|until|till|by|during|of|before|after|from|through|early|late|mid|last|this|next)[\s-]+$",
    re.IGNORECASE,
)
# The other end of a range, or the other of two days, whose year is also that of a day before it.
_DATED_AFTER = re.compile(
    rf"{_TO}{_BEFORE_END}(?:(?P<day>{_DAY})\s+(?:of\s+)?(?P<month>{_MONTH})|"
    rf"(?P<its_month>{_MONTH})\s+(?P<its_day>{_DAY})(?!\w)){_OF}(?P<year>{_YEAR})(?!\w)",
    re.IGNORECASE,
)
# Before Christ, as the other end of a range may say too, and the year of a day.
_BC = r"[\s-]*(?:bce?|b\.c\.)(?!\w)"
_BC_AFTER = re.compile(rf"(?:{_TO}(?:the\s+)?[0-9]{{1,4}}(?:[’']?s)?)?{_BC}", re.IGNORECASE)
_BC_YEAR_AFTER = re.compile(rf"{_OF}[0-9]{{1,4}}{_BC}", re.IGNORECASE)
_NAME_AFTER = re.compile(rf"\s+{CAPITAL}")
_NO_ONE_DAY = re.compile(r"\b(?:every|each|black|cyber|good|ash|super)\s+$", re.IGNORECASE)
_AHEAD = re.compile(r"\b(?:will|shall|won[’']t)(?:\s+\w+){1,6}\s+$", re.IGNORECASE)
_JOINED = re.compile(rf"(?:\s*[–—-]\s*|\s+(?:to|through|until|till)\s+){_BEFORE_END}", re.IGNORECASE)
_AND = re.compile(rf"\s+and\s+{_BEFORE_END}", re.IGNORECASE)
_BETWEEN = re.compile(rf"\bbetween\s+{_BEFORE_END}$", re.IGNORECASE)


# So near before a mention stand the words that make it the one end of a stretch.
_NEAR = 60
_LOOSELY = r"(?:(?:the|in|on|about|around|early|mid|late|at\s+least|end\s+of|beginning\s+of|start\s+of)[\s-]+)*"
_SINCE_BEFORE = re.compile(rf"\bsince\s+{_LOOSELY}$", re.IGNORECASE)
# "The lowest since 2008", or the first fall since then, says nothing of the years between.
_NONE_SINCE = re.compile(
    r"\b(?:first|only|worst|best|most|least|(?!east|west|forest|interest|request|protest|test|rest|guest)\w+est)\b"
    r"[^,;.]*$",
    re.IGNORECASE,
)
_BECAUSE_AFTER = re.compile(r"\s+(?:was|is|were|saw|brought|had)\b")
_STILL_AFTER = re.compile(
    r"(?:\s*[–—-]\s*|\s+(?:to|until|till)\s+(?:the\s+)?)(?:present|today|now)\b|\s+(?:on\s?wards?|on)(?=\s*[,.;]|$)",
    re.IGNORECASE,
)
_OF_A_LIFE_AFTER = re.compile(r"[^()\n]{0,40}\)\s*,?\s*(?:was|is|were)\b")
_UNTIL_BEFORE = re.compile(rf"\b(?:until|till|up\s+to)\s+{_LOOSELY}$", re.IGNORECASE)
# "Not until 2016" is from then on.
_NOT_BEFORE = re.compile(r"(?:\b(?:not|never|no one|nobody|nothing)|n[’']t)\b[^.;:]*$", re.IGNORECASE)
# What was so until a day was so for some years, and not from the beginning of time.
_UNTIL_YEARS = 20
# "1999–00" is two years; "2024–12" is rather a month than a stretch into the next century.
_HALF_A_CENTURY = 50
# Nobody holds an office this long: it is a life.
_LIFE_YEARS = 45


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A stretch of days, both ends included."""

    first: date
    last: date

    def iso(self) -> str:
        """Return the period in ISO 8601: a day, a month or a year where it is one, otherwise first/last."""
        if self.first == self.last:
            return self.first.isoformat()
        if self == _month(self.first.year, self.first.month):
            return self.first.isoformat()[:7]
        if self == _years(self.first.year):
            return self.first.isoformat()[:4]
        return f"{self.first.isoformat()}/{self.last.isoformat()}"


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text names a period; `stretch` is how long what is said of it lasts, None where that is not said.

    From 2004 to 2006 something lasts all the time, since 2004 it still does; what was in 2004 was on some day of it.
    So was what is told of a person whose dates are given, "(1786 – 1847)".
    """

    span: Span
    period: Period
    stretch: Period | None = None


def mentions_in(text: str, published_at: str | None) -> list[Mention]:
    """Return where a text names periods, in order.

    `published_at` is an ISO 8601 date or instant; what is named relative to it ("last month", "on Monday", "in May")
    is left out where it is None.
    """
    return mentions(text, None if published_at is None else date.fromisoformat(published_at[:10]))


def periods_in(text: str, published_at: str | None) -> list[Period]:
    """Return the periods that a text names, in order, by `mentions_in`."""
    return [one.period for one in mentions_in(text, published_at)]


@lru_cache(_SENTENCES)
def as_of(sentence: str, published_at: str | None) -> str | None:
    """Return in ISO 8601 the period that a sentence speaks of, the first it names; None where it names none."""
    return next((period.iso() for period in periods_in(sentence, published_at)), None)


def mentions(text: str, now: date | None) -> list[Mention]:
    """Return where a text names periods, a range as one; `now` is the day that relative ones are counted from."""
    text = plain_case(text)
    found: list[Mention] = []
    for mention in _single_mentions(text, now):
        if found and (joined := _joined(text, found[-1], mention)):
            found[-1] = joined
        else:
            found.append(mention)
    return [_lasting(text, one) for one in found]


def _single_mentions(text: str, now: date | None) -> Iterator[Mention]:
    for found in _ANY.finditer(text):
        rule, read = _RULES[(found.lastindex or 1) - 1]
        exact = rule.match(text, found.start())
        period = None if exact is None else _read(read, exact, now)
        if period:
            yield Mention(Span(*found.span()), period)


def _read(read: "_Reader", found: re.Match[str], now: date | None) -> Period | None:
    try:
        period = read(found, now)
    except (ValueError, OverflowError):
        # The 30th of February, or three thousand years ago.
        return None
    return period if period and period.first <= period.last else None


def _joined(text: str, one: Mention, other: Mention) -> Mention | None:
    """Return two mentions as the range that they are the ends of, None where they are two."""
    between = text[one.span.end : other.span.start]
    is_range = _JOINED.fullmatch(between) or (_AND.fullmatch(between) and _BETWEEN.search(text[: one.span.start]))
    if not is_range or one.period.first > other.period.last:
        return None
    whole = Period(one.period.first, other.period.last)
    return Mention(Span(one.span.start, other.span.end), whole, whole)


def _lasting(text: str, mention: Mention) -> Mention:
    """Return a mention with what the words around it say of how long that lasts."""
    first, last = mention.period.first, mention.period.last
    before = text[max(0, mention.span.start - _NEAR) : mention.span.start]
    if mention.stretch:
        is_long = last.year - first.year >= _LIFE_YEARS and before.rstrip().endswith("(")
        return replace(mention, stretch=None) if is_long or _OF_A_LIFE_AFTER.match(text, mention.span.end) else mention
    since = _SINCE_BEFORE.search(before)
    is_none = since and (_NONE_SINCE.search(before, 0, since.start()) or _BECAUSE_AFTER.match(text, mention.span.end))
    if (since and not is_none) or _STILL_AFTER.match(text, mention.span.end):
        return replace(mention, stretch=Period(first, date.max))
    if _UNTIL_BEFORE.search(before) and not _NOT_BEFORE.search(text, 0, mention.span.start):
        return replace(mention, stretch=Period(date(max(last.year - _UNTIL_YEARS, 1), 1, 1), last))
    return mention


def _month(year: int, month: int) -> Period:
    return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def _months(year: int, month: int, count: int) -> Period:
    """Return `count` whole months; `month` may lie beyond its year, 0 being the December before."""
    first, last = divmod(12 * year + month - 1, 12), divmod(12 * year + month + count - 2, 12)
    return Period(_month(first[0], first[1] + 1).first, _month(last[0], last[1] + 1).last)


def _years(first: int, last: int | None = None) -> Period:
    return Period(date(first, 1, 1), date(last or first, 12, 31))


def _day(day: date) -> Period:
    return Period(day, day)


def _week(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6))


def _number(word: str) -> int:
    word = " ".join(word.lower().split())
    return _NUMBERS[word] if word in _NUMBERS else int(re.match(r"[0-9]+", word)[0])  # type: ignore[index]


def _month_no(name: str) -> int:
    return _MONTH_NOS[name.lower()[:3]]


def _iso(found: re.Match[str], now: date | None) -> Period | None:
    year, month, day = found["year"], found["month"], found["day"]
    return _day(date(int(year), int(month), int(day))) if day else _month(int(year), int(month))


def _days_of_month(found: re.Match[str], now: date | None) -> Period | None:
    """Return the day or days of a month; without a year, those of the latest such month not after now."""
    month, first = _month_no(found["month"]), _number(found["day"])
    last = _number(found["to"]) if found["to"] else first
    year = int(found["year"]) if found["year"] else _year_of(found, (month, first), now)
    return None if year is None else Period(date(year, month, first), date(year, month, last))


def _year_of(found: re.Match[str], day: tuple[int, int], now: date | None) -> int | None:
    """Return the year of a month and day that a text names without one: that of the other day, or the latest."""
    if dated := _DATED_AFTER.match(found.string, found.end()):
        other = (_month_no(dated["month"] or dated["its_month"]), _number(dated["day"] or dated["its_day"]))
        return int(dated["year"]) - (day > other)
    if now is None or found["month"].islower() or _BC_YEAR_AFTER.match(found.string, found.end()):
        return None
    if _COUNTED_AFTER.match(found.string, found.end()):
        return None
    return now.year - (day > (now.month, now.day)) + _is_ahead(found)


def _months_of_year(found: re.Match[str], now: date | None) -> Period | None:
    year, month = int(found["year"]), _month_no(found["month"])
    last = _month_no(found["to"]) if found["to"] else month
    return Period(_month(year - (month > last), month).first, _month(year, last).last)


def _part_of_year(found: re.Match[str], now: date | None) -> Period | None:
    months = 3 if found["unit"].lower() in ("q", "quarter") else 6
    number = _number(found["number"])
    return _months(int(found["year"]), 1 + months * (number - 1), months) if number <= 12 // months else None


def _months_within(found: re.Match[str], now: date | None) -> Period | None:
    """Return "the first three months of 2025"."""
    count, year = _number(found["number"]), int(found["year"])
    first = 1 if found["which"].lower() == "first" else 13 - count
    return _months(year, first, count) if count <= 12 else None


def _season_of_year(found: re.Match[str], now: date | None) -> Period | None:
    return _months(int(found["year"]), _SEASONS[found["season"].lower()], 3)


def _near_season(found: re.Match[str], now: date | None) -> Period | None:
    if now is None:
        return None
    month = _SEASONS[found["season"].lower()]
    # In January and February, this winter is the one that began in December.
    season = _months(now.year - (now.month <= month - 10), month, 3)
    if found["which"].lower() == "last" and season.last >= now:
        return _months(season.first.year - 1, month, 3)
    return season


def _decade(found: re.Match[str], now: date | None) -> Period | None:
    """Return a decade, or a century where it is of a whole one; "the 2000s" are more often ten years."""
    if _BC_AFTER.match(found.string, found.end()):
        return None
    year = int(found["year"])
    first, last = _PARTS.get((found["part"] or "").strip(" -").lower(), (0, 9))
    if year % 100 or year == 2000:
        return _years(year + first, year + last)
    return _years(year + 10 * first, year + 10 * last + 9)


def _short_range(found: re.Match[str], now: date | None) -> Period | None:
    first = int(found["year"])
    last = first - first % 100 + int(found["to"])
    if last < first:
        last += 100
    return _years(first, last) if first < last < first + _HALF_A_CENTURY else None


def _year(found: re.Match[str], now: date | None) -> Period | None:
    """Return a year, None where the number may as well be a count."""
    year, before = int(found["year"]), _before(found)
    timely = _TIME_BEFORE.search(before)
    if _BC_AFTER.match(found.string, found.end()) or _COUNTED_AFTER.match(found.string, found.end()):
        return None
    if _COUNTED_BEFORE.search(before) and not timely:
        return None
    if year >= 1900 and (timely or _POSSESSIVE_BEFORE.search(before)):
        return _years(year)
    is_count = _PLURAL_AFTER.match(found.string, found.end()) or (year < 1400 and not timely)
    return None if is_count else _years(year)


def _near_day(found: re.Match[str], now: date | None) -> Period | None:
    offset = {"yesterday": -1, "tomorrow": 1}.get(found["word"].lower(), 0)
    return None if now is None else _day(now + timedelta(days=offset))


def _this_or_last(found: re.Match[str], now: date | None) -> Period | None:
    """Return this, last or next week, month, quarter, year or decade; "earlier this" ends with now, "later" begins."""
    if now is None:
        return None
    which, unit = found["which"].lower(), found["unit"].lower()
    whole = _unit_of(now, unit, {"this": 0, "next": 1}.get(which, -1))
    part = (found["part"] or "").lower()
    first = max(now, whole.first) if part == "later" else whole.first
    return Period(first, whole.last if part in ("", "later", "late") else min(now, whole.last))


def _unit_of(now: date, unit: str, offset: int) -> Period:
    if unit == "week":
        return _week(now + timedelta(weeks=offset))
    if unit == "month":
        return _months(now.year, now.month + offset, 1)
    if unit == "quarter":
        return _months(now.year, now.month - (now.month - 1) % 3 + 3 * offset, 3)
    if unit == "decade":
        start = now.year - now.year % 10 + 10 * offset
        return _years(start, start + 9)
    return _years(now.year + offset)


def _ago(found: re.Match[str], now: date | None) -> Period | None:
    """Return the day, week, month or year so long ago, as exactly as its unit says."""
    if now is None:
        return None
    count, unit = _number(found["number"]), found["unit"].lower()
    if unit == "day":
        return _day(now - timedelta(days=count))
    if unit == "decade":
        return _years(now.year - 10 * count)
    return _unit_of(now, unit, -count)


def _past(found: re.Match[str], now: date | None) -> Period | None:
    """Return the stretch up to now: "the past two years"."""
    if now is None:
        return None
    count, unit = _number(found["number"] or "one"), found["unit"].lower()
    days = {"day": 1, "week": 7}
    if unit in days:
        return Period(now - timedelta(days=count * days[unit]), now)
    months = count * {"month": 1, "year": 12, "decade": 120}[unit]
    whole = _months(now.year, now.month - months, 1)
    return Period(min(whole.first + timedelta(days=now.day - 1), whole.last), now)


def _weekday(found: re.Match[str], now: date | None) -> Period | None:
    """Return the latest such day not after now, or the coming one where the sentence says that it will."""
    which, name = (found["which"] or "").lower(), found["weekday"]
    if now is None or (name.islower() and not which) or _NO_ONE_DAY.search(_before(found)):
        return None
    back = now.weekday() - WEEKDAYS.index(name.lower())
    if which != "this":
        back %= 7
    if which == "last" and back == 0:
        back = 7
    elif which == "next" or _is_ahead(found):
        back -= 7
    return _day(now - timedelta(days=back))


def _bare_month(found: re.Match[str], now: date | None) -> Period | None:
    """Return the latest such month not after now, or the coming one where the sentence says that it will."""
    if now is None or not _is_month(found):
        return None
    introduced = _MONTH_BEFORE.search(_before(found))
    which, month = introduced["before"].lower() if introduced else "", _month_no(found["month"])
    if which == "this":
        return _month(now.year, month)
    if which == "next" or _is_ahead(found):
        return _month(now.year + (month < now.month or (which == "next" and month == now.month)), month)
    return _month(now.year - (month > now.month or (which == "last" and month == now.month)), month)


def _is_month(found: re.Match[str]) -> bool:
    """Return whether a month's name is one here: "may" and "march" are verbs, April and June are people."""
    introduced = _MONTH_BEFORE.search(_before(found))
    if found["month"].islower():
        return introduced is not None and introduced["before"].lower() in ("in", "since", "during")
    if introduced:
        return True
    return found["month"].lower() not in ("may", "march") and not _NAME_AFTER.match(found.string, found.end())


def _is_ahead(found: re.Match[str]) -> bool:
    return bool(_AHEAD.search(_before(found)))


def _before(found: re.Match[str]) -> str:
    return found.string[max(0, found.start() - 80) : found.start()]


_Reader = Callable[[re.Match[str], date | None], Period | None]

# At one place in a text the first rule that matches has it.
_PATTERNS: tuple[tuple[str, _Reader], ...] = (
    (rf"(?P<year>{_YEAR})-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>[0-3][0-9])(?:T[0-9:.]+Z?)?)?(?![\w-])", _iso),
    (
        rf"(?P<day>{_DAY})(?:{_TO}(?P<to>{_DAY}))?\s+(?:of\s+)?(?P<month>{_MONTH})(?:{_OF}(?P<year>{_YEAR})(?!\w))?",
        _days_of_month,
    ),
    (
        rf"(?P<month>{_MONTH})\s+(?P<day>{_DAY})(?!\w|\.[0-9]|,[0-9]{{3}}(?![0-9])|\s*%)"
        rf"(?:{_TO}(?P<to>{_DAY})(?!\w))?(?:{_OF}(?P<year>{_YEAR})(?!\w))?",
        _days_of_month,
    ),
    (rf"(?:{_PART})?(?P<month>{_MONTH})(?:{_TO}(?P<to>{_MONTH}))?{_OF}(?P<year>{_YEAR})(?!\w)", _months_of_year),
    (rf"(?P<unit>[QH])(?P<number>[1-4])(?:{_OF}|\s*)(?P<year>{_YEAR})(?!\w)", _part_of_year),
    (rf"(?P<year>{_YEAR})\s*(?P<unit>[QH])(?P<number>[1-4])(?!\w)", _part_of_year),
    (rf"(?P<number>first|second|third|fourth)\s+(?P<unit>quarter|half){_OF}(?P<year>{_YEAR})(?!\w)", _part_of_year),
    (
        rf"(?P<which>first|last)\s+(?P<number>{_NUMBER})\s+months{_OF}(?P<year>{_YEAR})(?!\w)",
        _months_within,
    ),
    (rf"(?:{_PART})?(?P<season>{_SEASON}){_OF}(?P<year>{_YEAR})(?!\w)", _season_of_year),
    (rf"(?P<which>this|last)\s+(?P<season>{_SEASON})(?![\w-])", _near_season),
    (rf"(?:(?P<part>{_PART}))?(?P<year>(?:1[0-9]|20)[0-9]0)[’']?s(?!\w)", _decade),
    (rf"(?:{_PART})?(?P<year>{_YEAR})[–-](?P<to>[0-9]{{2}})(?![\w–-])", _short_range),
    (rf"(?:{_PART})?(?<![0-9][.,])(?P<year>{_YEAR})(?!\w)", _year),
    (r"(?P<word>today|yesterday|tomorrow|tonight|this\s+(?:morning|afternoon|evening))(?![\w’'-])", _near_day),
    (
        rf"(?:(?P<part>earlier|early|later|late|so\s+far)\s+)?(?P<which>this|last|next)\s+"
        rf"(?P<unit>{_UNIT}|quarter)(?![\w-])",
        _this_or_last,
    ),
    (rf"(?:past|last)\s+(?:(?P<number>{_NUMBER})\s+)?(?P<unit>{_UNIT})s?(?![\w-])", _past),
    (rf"(?P<number>{_NUMBER})\s+(?P<unit>{_UNIT})s?\s+ago(?!\w)", _ago),
    (
        rf"(?:(?P<which>on|last|this|next)\s+)?(?P<weekday>{'|'.join(WEEKDAYS)})"
        rf"(?![\w-]|,?\s+(?:the\s+)?(?:[0-9]|{_MONTH}\s+[0-9]))",
        _weekday,
    ),
    (rf"(?P<month>{'|'.join(MONTHS)})(?![\w-])", _bare_month),
)
_RULES = tuple((re.compile(pattern, re.IGNORECASE), read) for pattern, read in _PATTERNS)
_ANY = re.compile(
    "(?<!\\w)(?:" + "|".join(f"({re.sub(r'[(][?]P<[a-z]+>', '(?:', pattern)})" for pattern, _ in _PATTERNS) + ")",
    re.IGNORECASE,
)

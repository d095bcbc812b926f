"""Moments: dates, times of day and durations as a sentence writes them, told as numbers that can be compared."""

import re
from typing import NamedTuple

from rag.english import BEFORE_CHRIST, MONTH, NUMBERS, any_of
from rag.numbers import SHORT_MONTHS, SMALLS, WORDS, number
from rag.units import MEASURES, in_base

# The unit of a day that is told without its year.
OF_ANY_YEAR = "of any year"
# Units of time, each also in the plural.
LENGTHS = "second|minute|hour|day|week|month|year|decade|century|centurie"
_AFTER_IN = "".join(f"(?<={word} )|" for word in ("in", "since", "by", "of", "from", "until", "before", "after"))
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
# Patterns, to be matched in any case.
DATE = (
    rf"(?<![\w.,/$€£–-])\d{{1,4}} ?{BEFORE_CHRIST}|"
    rf"(?:\b{_DAY} (?:of )?)?\b{MONTH}(?: {_DAY})?,? (?:1\d|20)\d\d\b|"
    r"\b(?:spring|summer|autumn|fall)(?: of)? 20\d\d\b(?! (?:feet|met|mile|people))|"
    rf"(?<!\d[–-])\b{_DAY} (?:of )?(?=(?-i:[A-Z])){MONTH}(?!\w)|"
    rf"\b(?=(?-i:[A-Z])){MONTH} {_DAY}\b(?!,\d| ?[–-] ?\d| (?:people|times))|"
    rf"(?<![\w.,/$€£-])(?:\b(?:early|mid|late)[ -]|{_AFTER_IN}(?!\d+ (?:[a-z]+ )?(?:[a-z]+s|people|men|women)\b))"
    rf"(?!1[0-6]\d\d (?:{any_of(list(MEASURES))})\b)(?:1\d|20)\d\ds?\b(?!,\d|\.\d|\s?%|[-–/]\d)"
)
_HOURS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
# "Five to ten" is a range unless it stands behind a word that says when.
_WHEN = "|".join(f"(?<={word} )" for word in ("at", "by", "until", "about", "around", "since", "after", "before"))
_QUARTERS = r"half past|(?:a )?quarter (?:past|to)"
_MINUTES = r"(?:five|ten|twenty|twenty[- ]five)(?: minutes)? (?:past|to)"
_HOUR_TOLD = rf"\b(?:{_QUARTERS}|(?:{_WHEN}){_MINUTES}) (?:{_HOURS})\b(?! [a-z]+s\b)"
CLOCK = (
    r"(?<![\w.,:/$€£-])(?:(?:[01]?\d|2[0-3])(?:[:.][0-5]\d)?\s?(?:[ap]m\b|[ap]\.m\.)|"
    r"(?:[01]?\d|2[0-3]):[0-5]\d(?![:\d])|(?:1?\d|" + SMALLS + r") o[’']clock\b|"
    r"(?<=\bat )(?:[01]?\d|2[0-3])\.[0-5]\d(?= on (?:\w+day|the)\b)|" + rf"{_HOUR_TOLD})"
)
# "An hour and a half", "two and a half hours", "half an hour", "three hours and 20 minutes", "2:24:51".
_SOME = rf"(?:an?|\d{{1,3}}|{WORDS})"
_RACE_TIME = r"\d{1,2}:[0-5]\d:[0-5]\d"
_HOUR_AND = rf"{_SOME} hours? [0-5]\d"
_SHARE_OF = r"(?:half|three[- ]quarters of|a quarter of)"
SPAN = (
    rf"(?<![\w.,/:])(?:(?<!\bat ){_RACE_TIME}(?![:.]\d| ?[ap]\.?m| local)|{_HOUR_AND}(?![\d:%]|\.\d| ?[a-z])|"
    rf"{_SHARE_OF} an? (?:{LENGTHS})|{_SOME} and a (?:half|quarter) (?:{LENGTHS})s?|"
    rf"{_SOME} (?:{LENGTHS})s?(?:,? and (?:a half|a quarter|{_SOME} (?:{LENGTHS})s?)|"
    rf",? (?!an? ){_SOME} (?:{LENGTHS})s?))"
    r"(?! (?:old|ago)\b)\b"
)
_PARTS_OF_SPAN = re.compile(rf"({_SOME})(?: and a (half|quarter))? ({LENGTHS})s?\b")
_OF_ONE = re.compile(rf"({_SHARE_OF}) an? ({LENGTHS})")
_SHARES = {"half": 0.5, "quarter": 0.25, "a quarter of": 0.25, "three quarters of": 0.75, "three-quarters of": 0.75}
# In which month, counted from 0, a season begins at the earliest, and how many months it may have.
_SEASONS, _SEASON = {"spring": 1, "summer": 4, "autumn": 7, "fall": 7}, 5
YEARS_BEFORE_CHRIST = re.compile(rf" ?{BEFORE_CHRIST}")


class Moment(NamedTuple):
    """A date or a duration: from `low` to `high`, in `unit`."""

    unit: str
    low: float
    high: float


def date_of(written: str) -> Moment:
    """Return a date as days, of which a month has 31 and a year 12 months: what is less exact is a longer span."""
    if before := YEARS_BEFORE_CHRIST.search(written):
        low = -372 * int(written[: before.start()])
        return Moment("", low, low + 371)
    text = written.lower()
    year = next((int(digits) for digits in reversed(re.findall(r"\d{4}", text))), None)
    month = next((at for at, name in enumerate(SHORT_MONTHS) if re.search(rf"\b{name}", text)), None)
    found = re.search(r"\b(\d{1,2})(?!\d)", text)
    day = int(found[1]) - 1 if found else None
    if year is None:
        low = 31 * (month or 0) + (day or 0)
        return Moment(OF_ANY_YEAR, low, low)
    season = next((first for name, first in _SEASONS.items() if text.startswith(name)), None)
    if season is not None:
        low = 372 * year + 31 * season
        return Moment("", low, low + 31 * _SEASON - 1)
    if month is None:
        # "The 1800s" are a century, and "the 2000s" more often ten years.
        decades = 10 if year % 100 == 0 and year != 2000 else 1
        years = 10 * decades if text.endswith("s") else 1
        return Moment("", 372 * year, 372 * (year + years) - 1)
    low = 372 * year + 31 * month + (day or 0)
    return Moment("", low, low if day is not None else low + 30)


def minutes_of(clock: str) -> int:
    """Return a time of day as minutes of half a day, since many do not say which half."""
    clock = clock.lower()
    if told := re.fullmatch(rf"(?:a )?(.+?)(?: minutes)? (past|to) ({_HOURS})", clock):
        minutes = {"half": 30, "quarter": 15}.get(told[1]) or int(number(told[1]))
        return (60 * (NUMBERS[told[3]] % 12) + (minutes if told[2] == "past" else -minutes)) % 720
    hour, *minute = re.findall(r"\d+", clock) or [str(NUMBERS[clock.split()[0]])]
    return 60 * (int(hour) % 12) + int(minute[0] if minute else 0)


def duration_of(written: str) -> Moment | None:
    """Return a duration of one or more parts in one unit, None where they have none in common: "a year and a day"."""
    text = written.lower()
    if re.fullmatch(_RACE_TIME, text):
        hours, minutes, seconds = map(int, text.split(":"))
        parts = [(float(hours), "hour"), (float(minutes), "minute"), (float(seconds), "second")]
    elif told := re.fullmatch(rf"({_SOME}) hours? ([0-5]\d)", text):
        parts = [(number(told[1]), "hour"), (float(told[2]), "minute")]
    elif whole := _OF_ONE.fullmatch(text):
        parts = [(_SHARES[whole[1]], whole[2])]
    else:
        found = _PARTS_OF_SPAN.findall(text)
        parts = [(number(count) + _SHARES.get(share, 0.0), unit) for count, share, unit in found]
        last = re.search(r"and a (half|quarter)$", text)
        parts += [(_SHARES[last[1]], parts[0][1])] if last else []
    based = [(count, *in_base(unit)) for count, unit in parts]
    total = sum(count * factor for count, _, factor in based)
    return Moment(based[0][1], total, total) if len({base for _, base, _ in based}) == 1 else None

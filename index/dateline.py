"""Dateline: the day that an article gives in a line near its top, as newspapers and press releases do."""

import re
from datetime import date
from itertools import islice

from index.analysis import plain_case

# So many lines from the top, and up to a longer one, which is the article itself.
_LINES, _MAX_CHARS = 6, 120
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<{}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?P<{}>(?:19|20)\d\d)"
_DAY = r"(?P<{}>[0-3]?\d)(?:st|nd|rd|th)?"
_DATE = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?(?:"
    rf"{_DAY.format('day1')} {_MONTH.format('month1')},? {_YEAR.format('year1')}|"
    rf"{_MONTH.format('month2')} {_DAY.format('day2')},? {_YEAR.format('year2')}|"
    rf"{_YEAR.format('year3')}-(?P<month3>[01]\d)-(?P<day3>[0-3]\d))"
)
_SEPARATOR = r"\s*[,|/·•–—-]\s*"
_SOURCE = r"(?-i:[A-Z][\w&.’'-]*(?: (?:(?:of|the|and|for) )?[A-Z][\w&.’'-]*){0,5})"
_LINE = re.compile(
    rf"(?:(?:first )?(?:published|posted|released|issued|dated?)(?::| on| at)? |by .{{1,80}}?(?:{_SEPARATOR}| on )|"
    rf"{_SOURCE}{_SEPARATOR})?{_DATE}",
    re.IGNORECASE,
)


def read_dateline(text: str) -> str | None:
    """Return the day, in ISO 8601, of a line that says when an article was published, None where none does.

    Such a line holds a day and no more than who wrote it or where: "Adopted on 14 March 2023" is none.
    """
    lines = (plain_case(line).strip(" \t#*_>") for line in text.split("\n", 4 * _LINES)[: 4 * _LINES])
    for line in islice(filter(None, lines), _LINES):
        if len(line) > _MAX_CHARS:
            return None
        if found := _LINE.fullmatch(line.rstrip(" .")):
            return _day(found)
    return None


def _day(found: re.Match[str]) -> str | None:
    which = next(number for number in "123" if found[f"year{number}"])
    year, month, day = (found[f"{part}{which}"] for part in ("year", "month", "day"))
    number = int(month) if month.isdigit() else 1 + _MONTHS.index(month[:3].lower())
    try:
        return date(int(year), number, int(day)).isoformat()
    except ValueError:
        return None

"""Dateline: the day that an article gives in a line near its top, as newspapers and press releases do."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from index.analysis import CAPITAL, plain_case

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
_SOURCE = rf"(?-i:{CAPITAL}[\w&.’'-]*(?: (?:(?:of|the|and|for) )?{CAPITAL}[\w&.’'-]*){{0,5}})(?: \([\w ]{{2,20}}\))?"
_SAYS = r"(?:(?:first |last )?(?:published|posted|released|issued|updated|dated?)(?::| on| at)?)"
_CLOCK = r"\d\d?[:.]\d\d(?: ?[ap]\.?m\.?)?"
_TIME = rf"(?:,? (?:at )?{_CLOCK}(?: ?(?:to|until|[–-]) ?{_CLOCK})?(?: [A-Z]{{2,4}})?)"
# What stands behind a date on such a line: the time, who wrote it, how long it takes to read.
_AFTER = (
    rf"{_TIME}?(?:\s*[|·•–—]\s*[\w .:,]{{2,40}}| by (?-i:[A-Z])[\w .,’'“”\"-]{{1,80}}|"
    r"\. (?:text|words|story|photos?|by|from)\b:? (?-i:[A-Z])[\w .,’'-]{1,60})?"
)
_RELEASE = r"(?:(?:press|news|media) release|statement|communiqué)(?: (?:of|by|from) .{1,80}?)?"
_NAMES = rf"(?-i:{CAPITAL}[\w.’'-]*(?: {CAPITAL}[\w.’'-]*){{1,3}})"
_BYLINE = re.compile(
    r"(?:(?:(?:words|text|written|reported|report|story|photos?) )?by:?|"
    r"from (?:our|a) (?:own |staff |special )?(?:reporter|correspondent)(?: in)?) "
    rf"{_NAMES}(?:(?:,| and| &) {_NAMES})*",
    re.IGNORECASE,
)
# What may be the first line, and what there would be a title: "Chernobyl, 26 April 1986".
_LINE = re.compile(
    rf"(?:{_SAYS} |(?:{_SAYS} )?by .{{1,80}}?(?:{_SEPARATOR}|,? on )|{_RELEASE}(?:{_SEPARATOR}|: ))?{_DATE}{_AFTER}",
    re.IGNORECASE,
)
_BELOW_TITLE = re.compile(rf"{_SOURCE}{_SEPARATOR}{_DATE}{_AFTER}", re.IGNORECASE)
# A report begins with its place and day: "WELLINGTON, 8 August 2024 – A seal …".
_BEGINS = re.compile(rf"{_SOURCE},? {_DATE}\W{{0,3}}\s[–—-]\s\W*\w", re.IGNORECASE)


def read_dateline(text: str) -> str | None:
    """Return the day, in ISO 8601, of a line that says when an article was published, None where none does.

    Such a line holds a day that has come and no more than who wrote it or where: "Adopted on 14 March 2023" is none.
    """
    lines = (line for line in map(_bare, text.split("\n", 4 * _LINES)[: 4 * _LINES]) if line)
    for number, line in enumerate(islice(lines, _LINES)):
        found = _LINE.fullmatch(line) or (number > 0 and (_BELOW_TITLE.fullmatch(line) or _BEGINS.match(line)))
        if found and (day := _day(found)):
            return day
        if len(line) > _MAX_CHARS:
            return None
    return None


def is_dateline(line: str) -> bool:
    """Return whether a line says when an article was published or who wrote it, and no more."""
    line = _bare(line)
    told = (pattern.fullmatch(line) for pattern in (_LINE, _BELOW_TITLE, _BYLINE))
    return len(line) <= _MAX_CHARS and any(told)


def _bare(line: str) -> str:
    return plain_case(line).strip(" \t#*_>.")


def _day(found: re.Match[str]) -> str | None:
    which = next(number for number in "123" if found[f"year{number}"])
    year, month, day = (found[f"{part}{which}"] for part in ("year", "month", "day"))
    number = int(month) if month.isdigit() else 1 + _MONTHS.index(month[:3].lower())
    try:
        said = date(int(year), number, int(day))
    except ValueError:
        return None
    # Where it is tomorrow already, today's papers are of that day.
    return said.isoformat() if said <= datetime.now(UTC).date() + timedelta(days=1) else None

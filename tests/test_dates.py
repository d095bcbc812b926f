"""Dates: what texts name."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dates import Period, as_of, mentions_in, periods_in

# A Wednesday.
PUBLISHED = "2025-06-04T23:10:00Z"

DAY = date(2025, 5, 12)
MAY = Period(date(2025, 5, 1), date(2025, 5, 31))
YEAR_2010 = Period(date(2010, 1, 1), date(2010, 12, 31))
YEAR_2025 = Period(date(2025, 1, 1), date(2025, 12, 31))

DATES = st.dates(date(1400, 1, 1), date(2099, 12, 31))
PERIODS = st.tuples(DATES, DATES).map(lambda two: Period(min(two), max(two)))
# Words that rules are made of, so that random text meets them.
PIECES = st.sampled_from(
    [
        *("in", "May", "2025", "12", "may", "March", "the", "1990s", "mid-", "late", "0", "31", "-", "–", "to", "and"),
        *(
            "between",
            "last",
            "this",
            "next",
            "two",
            "weeks",
            "ago",
            "Monday",
            "on",
            "Q3",
            "spring",
            "ſpring",
            "2010-15",
        ),
        *(
            "2025-02-30",
            "February",
            "30,",
            "yesterday",
            "earlier",
            "year",
            "decade",
            "99",
            "’",
            ",",
            ".",
            "will",
            "past",
        ),
        *("since", "after", "before", "how", "soon", "did", "?"),
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=20).map(" ".join))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Exports fell by nearly 50% in May 2025, demonstrating", ["2025-05"]),
        ("| Export Value Reduction | May 2025 | 50% |", ["2025-05"]),
        ("licensing beginning in early April 2025", ["2025-04"]),
        ("It was signed on 12 May 2025.", ["2025-05-12"]),
        ("It was signed on the 12th of May, 2025.", ["2025-05-12"]),
        ("on Monday, May 12, 2025, and after", ["2025-05-12"]),
        ("Nixon’s first trip on February 21, 1972, to open China", ["1972-02-21"]),
        ("Updated 2025-05-12.", ["2025-05-12"]),
        ("Updated 2025-05-12T08:30:00Z.", ["2025-05-12"]),
        ("Sept. 3, 2024", ["2024-09-03"]),
        ("talks from 12–15 May 2025", ["2025-05-12/2025-05-15"]),
        ("talks on May 12 to 15, 2025", ["2025-05-12/2025-05-15"]),
        ("between May and July 2025", ["2025-05-01/2025-07-31"]),
        ("from May 2024 to July 2025", ["2024-05-01/2025-07-31"]),
        # The first end has its year from the second.
        ("between 3 May and 5 June 2020", ["2020-05-03/2020-06-05"]),
        ("from the 3rd of May to the 5th of June, 2020", ["2020-05-03/2020-06-05"]),
        ("from May 3 through June 5, 2020", ["2020-05-03/2020-06-05"]),
        ("between 3 may and 5 june 2020", ["2020-05-03/2020-06-05"]),
        ("28 December – 3 January 2021", ["2020-12-28/2021-01-03"]),
        ("from Monday, 3 May to Friday, the 5th of June 2020", ["2020-05-03/2020-06-05"]),
        ("between Monday 3 May and Friday 5 June 2020", ["2020-05-03/2020-06-05"]),
        ("on 3 May and 5 June 2020", ["2020-05-03", "2020-06-05"]),
        ("from December to January 2021", ["2020-12-01/2021-01-31"]),
        ("from 31 June to 3 July 2021", ["2021-07-03"]),
        ("from 20 May to 3 May 2021", ["2020-05-20/2021-05-03"]),
        ("restricted exports to Japan in 2010, a decision", ["2010"]),
        ("since 2010", ["2010"]),
        ("the 1995 acquisition of Magnequench", ["1995"]),
        ("the 2010 elections", ["2010"]),
        ("in 2010 prices rose", ["2010"]),
        ("China (2010)", ["2010"]),
        ("remarks from 2020 reflect a doctrine", ["2020"]),
        ("the Norman conquest in 1066", ["1066"]),
        ("2010–2015", ["2010-01-01/2015-12-31"]),
        ("2010–15", ["2010-01-01/2015-12-31"]),
        ("in the 1999–00 season", ["1999-01-01/2000-12-31"]),
        ("in the 1998–02 term", ["1998-01-01/2002-12-31"]),
        ("2024–12", []),
        ("between 2010 and 2015", ["2010-01-01/2015-12-31"]),
        ("in 2010 and 2015", ["2010", "2015"]),
        ("began in the 1980s through state support", ["1980-01-01/1989-12-31"]),
        ("By the mid-1990s, Chinese firms", ["1993-01-01/1996-12-31"]),
        ("the mid-2000s", ["2003-01-01/2006-12-31"]),
        ("the late 1990s", ["1996-01-01/1999-12-31"]),
        ("from the 1980s to the 1990s", ["1980-01-01/1999-12-31"]),
        ("in the 1800s", ["1800-01-01/1899-12-31"]),
        ("the 1900’s", ["1900-01-01/1999-12-31"]),
        ("the early 1800s", ["1800-01-01/1839-12-31"]),
        ("the mid-1700s", ["1730-01-01/1769-12-31"]),
        ("the late 1600s", ["1660-01-01/1699-12-31"]),
        ("from the 1600s to the 1800s", ["1600-01-01/1899-12-31"]),
        ("in the 2000s", ["2000-01-01/2009-12-31"]),
        ("in the 1810s", ["1810-01-01/1819-12-31"]),
        ("early 2025", ["2025"]),
        ("late 2025", ["2025"]),
        ("spring 2025", ["2025-03-01/2025-05-31"]),
        ("the winter of 2025", ["2025-12-01/2026-02-28"]),
        ("Q1 2025", ["2025-01-01/2025-03-31"]),
        ("2025 Q4", ["2025-10-01/2025-12-31"]),
        ("the second half of 2024", ["2024-07-01/2024-12-31"]),
        ("no later than 2030", ["2030"]),
        ("12/05/2025", ["2025"]),
        # What is no date.
        ("1,500 tonnes", []),
        ("2010 tonnes of oxide", []),
        ("$2025 a kilo", []),
        ("about 2000 people", []),
        ("2000 soldiers marched", []),
        ("more than 1990 of them", []),
        ("a total of 2,025 votes", []),
        ("page 2010", []),
        ("12.05.2025", []),
        ("in 300 BC and in 1200 BC", []),
        ("the 1500s BC", []),
        ("In 1998, 300 BC coins were found", ["1998"]),
        ("the 1550s B.C.", []),
        ("between 1500 and 1200 BC", []),
        ("from the 1500s to the 1200s BCE", []),
        ("1550–1450 BC", []),
        ("the 21st century", []),
        ("February 30, 2025", []),
        ("Prices may rise and may 12 fall", []),
        ("They march on.", []),
        ("Theresa May said", []),
        ("a 45-day process", []),
        ("Fifteen years later, it remains", []),
        ("", []),
        # Relative to a day that is not known.
        ("last month", []),
        ("on Monday", []),
        ("in May", []),
        ("on 12 May", []),
        ("three weeks ago", []),
    ],
)
def test_dates_that_a_text_names_by_itself(text: str, expected: list[str]) -> None:
    assert [period.iso() for period in periods_in(text, None)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", ["2025-06-04"]),
        ("yesterday", ["2025-06-03"]),
        ("the agreement struck earlier this month in Geneva", ["2025-06-01/2025-06-04"]),
        ("later this month", ["2025-06-04/2025-06-30"]),
        ("last month", ["2025-05"]),
        ("this year", ["2025"]),
        ("in Geneva and London earlier this year", ["2025-01-01/2025-06-04"]),
        ("last year", ["2024"]),
        ("late last year", ["2024"]),
        ("this week’s deal", ["2025-06-02/2025-06-08"]),
        ("this quarter", ["2025-04-01/2025-06-30"]),
        ("two days ago", ["2025-06-02"]),
        ("three weeks ago", ["2025-05-12/2025-05-18"]),
        ("a couple of months ago", ["2025-04"]),
        ("a decade ago", ["2015"]),
        ("over the past two years", ["2023-06-04/2025-06-04"]),
        ("Foreign Policy reported on Monday that", ["2025-06-02"]),
        ("he said Wednesday", ["2025-06-04"]),
        ("last Wednesday", ["2025-05-28"]),
        ("will meet on Friday", ["2025-06-06"]),
        ("in May", ["2025-05"]),
        ("in August", ["2024-08"]),
        ("last June", ["2024-06"]),
        ("The rules will take effect in October", ["2025-10"]),
        ("April’s figures", ["2025-04"]),
        ("on 5 June", ["2024-06-05"]),
        ("on May 12", ["2025-05-12"]),
        ("in May 2010 and last month", ["2010-05", "2025-05"]),
        ("prices may rise", []),
        ("the March on Washington", []),
        ("April Smith joined", []),
        ("every Monday", []),
        ("from December 28 to January 3, 2021", ["2020-12-28/2021-01-03"]),
        ("from December 28 to January 3", ["2024-12-28/2025-01-03"]),
        ("from 28 December to 3 January 2021, then 3 May", ["2020-12-28/2021-01-03", "2025-05-03"]),
        ("on 15 March 44 BC", []),
        ("in today’s economy", []),
        ("6000 years ago", []),
        ("999 decades ago", []),
    ],
)
def test_dates_relative_to_the_day_of_publication(text: str, expected: list[str]) -> None:
    assert [period.iso() for period in periods_in(text, PUBLISHED)] == expected


@pytest.mark.parametrize(
    ("text", "published_at", "expected"),
    [
        ("this winter", "2025-01-15", "2024-12-01/2025-02-28"),
        ("this winter", "2025-03-01", "2025-12-01/2026-02-28"),
        ("this winter", "2025-12-15", "2025-12-01/2026-02-28"),
        ("last winter", "2025-02-28", "2023-12-01/2024-02-29"),
        ("last winter", "2025-03-01", "2024-12-01/2025-02-28"),
        ("last winter", "2025-12-15", "2024-12-01/2025-02-28"),
        ("this spring", "2025-01-15", "2025-03-01/2025-05-31"),
        ("last spring", "2025-05-31", "2024-03-01/2024-05-31"),
        ("last spring", "2025-06-01", "2025-03-01/2025-05-31"),
        ("last autumn", "2025-01-15", "2024-09-01/2024-11-30"),
    ],
)
def test_a_winter_is_of_two_years(text: str, published_at: str, expected: str) -> None:
    assert as_of(text, published_at) == expected


def test_a_sentence_speaks_of_the_first_period_that_it_names() -> None:
    assert as_of("In May 2025 it was 85%, in 2010 it was 97%.", None) == "2025-05"
    assert as_of("It was 85% last month.", "2025-06-04") == "2025-05"
    assert as_of("It was 85% last month.", None) is None


def test_a_period_is_written_as_shortly_as_iso_8601_has_it() -> None:
    assert [period.iso() for period in (Period(DAY, DAY), MAY, YEAR_2010, Period(MAY.first, DAY))] == [
        "2025-05-12",
        "2025-05",
        "2010",
        "2025-05-01/2025-05-12",
    ]


@given(TEXTS, st.none() | st.dates().map(date.isoformat))
def test_any_text_has_periods_that_begin_before_they_end(text: str, published_at: str | None) -> None:
    periods = periods_in(text, published_at)
    assert all(period.first <= period.last for period in periods)
    assert as_of(text, published_at) == (periods[0].iso() if periods else None)


@given(DATES)
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    written = (day.isoformat(), f"{day.day} {day:%B} {day.year}", f"{day:%B} {day.day}, {day.year}")
    assert [as_of(f"It was signed on {one}.", None) for one in written] == [day.isoformat()] * 3


@pytest.mark.parametrize(
    ("text", "lasts"),
    [
        ("It has led since 2012.", True),
        ("In the west it has been so since 2012.", True),
        ("It was the first fall since 2012.", False),
        ("the biggest drop in prices since 2012", False),
        ("the lowest since 2012", False),
    ],
)
def test_what_was_the_first_since_then_did_not_last_since_then(text: str, lasts: bool) -> None:
    (mention,) = mentions_in(text, None)
    assert (mention.stretch is not None) is lasts


def test_the_time_of_a_sentence_is_read_once_however_many_values_ask_for_it() -> None:
    as_of.cache_clear()
    for _ in range(5):
        assert as_of("It weighed 5, 6 and 7 tonnes in 1998.", None) == "1998"
    assert as_of.cache_info().misses == 1

"""Time: what sentences name, what questions ask, and how the two fit."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Span
from rag.dates import (
    MAY_BE,
    Mention,
    Period,
    Relation,
    TimeAsked,
    as_of,
    asks_what_happened,
    fits,
    mentions_in,
    periods_in,
    time_asked,
)

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


def mentioned(periods: list[Period]) -> list[Mention]:
    """Each of the periods as a text mentions it that says nothing of how long it lasts."""
    return [Mention(Span(0, 1), period) for period in periods]


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
        ("between 2010 and 2015", ["2010-01-01/2015-12-31"]),
        ("in 2010 and 2015", ["2010", "2015"]),
        ("began in the 1980s through state support", ["1980-01-01/1989-12-31"]),
        ("By the mid-1990s, Chinese firms", ["1993-01-01/1996-12-31"]),
        ("the mid-2000s", ["2003-01-01/2006-12-31"]),
        ("the late 1990s", ["1996-01-01/1999-12-31"]),
        ("from the 1980s to the 1990s", ["1980-01-01/1999-12-31"]),
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
        ("in today’s economy", []),
        ("6000 years ago", []),
        ("999 decades ago", []),
    ],
)
def test_dates_relative_to_the_day_of_publication(text: str, expected: list[str]) -> None:
    assert [period.iso() for period in periods_in(text, PUBLISHED)] == expected


def test_a_sentence_speaks_of_the_first_period_that_it_names() -> None:
    assert as_of("In May 2025 it was 85%, in 2010 it was 97%.", None) == "2025-05"
    assert as_of("It was 85% last month.", "2025-06-04") == "2025-05"
    assert as_of("It was 85% last month.", None) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what happened after Geneva?", TimeAsked("after", None, "Geneva")),
        ("What has China done since the framework deal?", TimeAsked("after", None, "the framework deal")),
        ("What was said following the London talks?", TimeAsked("after", None, "the London talks")),
        ("How soon after the Geneva talks did China change?", TimeAsked("after", None, "the Geneva talks")),
        ("After the deal was signed, what did China do?", TimeAsked("after", None, "the deal was signed")),
        ("What was agreed before things went wrong?", TimeAsked("before", None, "things went wrong")),
        ("What led up to the “Geneva” deal?", TimeAsked("before", None, "the “Geneva” deal")),
        ("Events leading up to the London talks", TimeAsked("before", None, "the London talks")),
        ("What was said during the Geneva talks?", TimeAsked("in", None, "the Geneva talks")),
        ("What happened in May 2025?", TimeAsked("in", MAY, None)),
        ("china's share 2025", TimeAsked("in", YEAR_2025, None)),
        ("What was mined before 2010?", TimeAsked("before", YEAR_2010, None)),
        ("What was mined since late 2010?", TimeAsked("after", YEAR_2010, None)),
        ("between May and July 2025", TimeAsked("in", Period(date(2025, 5, 1), date(2025, 7, 31)), None)),
        ("in 2010 and in 2025", TimeAsked("in", Period(date(2010, 1, 1), date(2025, 12, 31)), None)),
        ("what happened in may?", TimeAsked("in", None, "May")),
        ("What is China's processing share?", None),
        ("Who is named after Tesla?", None),
        ("Which of the following is true?", None),
        ("What happened after that?", None),
        ("What has changed since?", None),
        ("When did it start?", None),
        ("Who is following the talks?", None),
        ("Is it worth it after all?", None),
    ],
)
def test_what_a_question_asks_of_time(question: str, expected: TimeAsked | None) -> None:
    assert time_asked(question) == expected


def test_a_month_without_a_year_is_the_latest_where_today_is_known() -> None:
    assert time_asked("What happened in May?", date(2025, 6, 4)) == TimeAsked("in", MAY, None)
    assert time_asked("What happened last year?", date(2026, 6, 4)) == TimeAsked("in", YEAR_2025, None)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What happened after Geneva?", True),
        ("what has happened since?", True),
        ("How did the dispute unfold?", True),
        ("Give me a timeline of the talks", True),
        ("What came next?", True),
        ("What led to the deal?", True),
        ("How did China come to dominate rare earths?", True),
        ("Which events led up to the agreement?", True),
        ("What is China's share?", False),
        ("What would happen if China banned exports?", False),
        ("How many mines are there?", False),
        ("When did it start?", False),
    ],
)
def test_questions_that_are_answered_in_order_of_time(question: str, expected: bool) -> None:
    assert asks_what_happened(question) is expected


@pytest.mark.parametrize(
    ("asked", "spoken", "expected"),
    [
        (TimeAsked("in", YEAR_2025, None), [MAY], 1.0),
        (TimeAsked("in", YEAR_2010, None), [MAY], 0.0),
        (TimeAsked("in", MAY, None), [YEAR_2025], MAY_BE),
        (TimeAsked("in", YEAR_2025, None), [Period(date(2020, 1, 1), date(2029, 12, 31))], MAY_BE),
        (TimeAsked("in", MAY, None), [YEAR_2010, MAY], 1.0),
        (TimeAsked("after", YEAR_2010, None), [MAY], 1.0),
        (TimeAsked("after", YEAR_2010, None), [YEAR_2010], 0.5),
        (TimeAsked("after", MAY, None), [YEAR_2010], 0.0),
        (TimeAsked("after", MAY, None), [YEAR_2025], (31 / 2 + 214) / 365),
        (TimeAsked("before", MAY, None), [YEAR_2010], 1.0),
        (TimeAsked("before", MAY, None), [YEAR_2025], (120 + 31 / 2) / 365),
        (TimeAsked("before", YEAR_2010, None), [MAY], 0.0),
        (TimeAsked("in", MAY, None), [], None),
        (TimeAsked("after", None, "Geneva"), [MAY], None),
    ],
)
def test_how_well_a_sentence_fits_the_time_asked_for(
    asked: TimeAsked, spoken: list[Period], expected: float | None
) -> None:
    assert fits(asked, mentioned(spoken)) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She led it from 2004 to 2026.", 1.0),
        ("She led it from March 2021 until 14 May 2025.", 14 / 31),
        ("Directors: Anna Berg (1999-2010), Carl Dahl (2010–2030)", 1.0),
        ("She has led it since 2018.", 1.0),
        ("She led it until late 2025.", 1.0),
        ("She has led it from 2018 onwards.", 1.0),
        ("Chair: Anna Berg (2018–present)", 1.0),
        ("He led it from 2004 to 2006, and since 2030 she does.", 0.0),
        ("It was on show until 2020.", 0.0),
        ("It was on show until the end of 2030.", 1.0),
        ("It was on show until 2090.", 0.0),
        ("It fell to 50 tons in 2019, the lowest since 2008.", 0.0),
        ("It closed in 2019 for the first time since 2008.", 0.0),
        ("Since 2018 was a good year, they went on.", 0.0),
        ("As of 2010 it had 4,300 people.", 0.0),
        ("Anna Berg (1930–2030), a Swedish engineer, led it.", MAY_BE),
        ("She was asked to lead it in 2025.", MAY_BE),
        ("She was asked to lead it in the 2020s.", MAY_BE),
        # What is said of a person was true at some time of a life.
        ("Anna Berg (1 May 1930 – 2 June 2030) was a Swedish engineer.", MAY_BE),
        ("Anna Berg (1930–2030), was a Swedish engineer.", MAY_BE),
    ],
)
def test_what_lasts_fits_all_of_its_time(text: str, expected: float) -> None:
    assert fits(TimeAsked("in", MAY, None), mentions_in(text, None)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("relation", "text", "expected"),
    [
        ("after", "She has led it since 2005.", MAY_BE),
        ("after", "She led it from 2005 to 2030.", pytest.approx(MAY_BE)),
        ("after", "She led it in 2005.", 0.0),
        ("before", "She led it until 2030.", MAY_BE),
        ("before", "She has led it since 2030.", 0.0),
    ],
)
def test_what_lasted_may_have_been_before_and_after(relation: Relation, text: str, expected: float) -> None:
    assert fits(TimeAsked(relation, MAY, None), mentions_in(text, None)) == expected


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


@given(TEXTS, st.none() | st.dates())
def test_any_question_asks_for_a_period_or_an_event_or_nothing(question: str, today: date | None) -> None:
    asked = time_asked(question, today)
    assert asked is None or (asked.period is None) != (not asked.event)
    assert asks_what_happened(question) in (True, False)


@given(DATES)
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    written = (day.isoformat(), f"{day.day} {day:%B} {day.year}", f"{day:%B} {day.day}, {day.year}")
    assert [as_of(f"It was signed on {one}.", None) for one in written] == [day.isoformat()] * 3


@given(st.sampled_from(["in", "after", "before"]), PERIODS, st.lists(PERIODS, min_size=1, max_size=3))
def test_a_fit_is_a_share(relation: str, period: Period, spoken: list[Period]) -> None:
    asked = TimeAsked(relation, period, None)  # type: ignore[arg-type]
    fit = fits(asked, mentioned(spoken))
    assert fit is not None
    assert 0 <= fit <= 1


@given(PERIODS, PERIODS)
def test_before_in_and_after_share_a_period_out(asked: Period, spoken: Period) -> None:
    before, inside, after = (
        fits(TimeAsked(relation, asked, None), mentioned([spoken])) for relation in ("before", "in", "after")
    )
    assert None not in (before, inside, after)
    assert (before or 0) + (after or 0) == pytest.approx(1)

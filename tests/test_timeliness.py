"""Timeliness: what questions ask of time, and how well what sentences mention fits."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Span
from rag.dates import Mention, Period, mentions_in
from rag.timeliness import LASTED, MAY_BE, Relation, TimeAsked, asks_what_happened, fits, time_asked
from tests.test_dates import MAY, PERIODS, TEXTS, YEAR_2010, YEAR_2025

MAY_AND_JUNE = Period(date(2020, 5, 3), date(2020, 6, 5))


def mentioned(periods: list[Period]) -> list[Mention]:
    """Each of the periods as a text mentions it that says nothing of how long it lasts."""
    return [Mention(Span(0, 1), period) for period in periods]


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
        ("What happened in May 2025?", TimeAsked("in", MAY, None, happened=True)),
        ("china's share 2025", TimeAsked("in", YEAR_2025, None)),
        ("What was mined before 2010?", TimeAsked("before", YEAR_2010, None)),
        ("What was mined since late 2010?", TimeAsked("after", YEAR_2010, None)),
        ("between May and July 2025", TimeAsked("in", Period(date(2025, 5, 1), date(2025, 7, 31)), None)),
        ("Who led it between 3 May and 5 June 2020?", TimeAsked("in", MAY_AND_JUNE, None)),
        ("Who led it from 3 May until 5 June 2020?", TimeAsked("in", MAY_AND_JUNE, None)),
        ("Who led it after 3 May to 5 June 2020?", TimeAsked("after", MAY_AND_JUNE, None)),
        ("in 2010 and in 2025", TimeAsked("in", Period(date(2010, 1, 1), date(2025, 12, 31)), None)),
        ("what happened in may?", TimeAsked("in", None, "May")),
        # A pattern without regard to case takes "ſ" for "s", and "İ" for "i".
        ("What happened ſince Geneva?", TimeAsked("after", None, "Geneva")),
        ("in the last two months of 2010", TimeAsked("in", Period(date(2010, 11, 1), date(2010, 12, 31)), None)),
        ("the first three months of 2010", TimeAsked("in", Period(date(2010, 1, 1), date(2010, 3, 31)), None)),
        ("in the fİrſt half of 2010", TimeAsked("in", Period(date(2010, 1, 1), date(2010, 6, 30)), None)),
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
        ("She did not join the long-planned show of the museum until 2030.", 0.0),
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
    ("text", "expected"),
    [
        ("She has led it since 2018.", LASTED),
        ("It was on show from 20 April to 3 June 2025.", 1.0),
        ("It opened on 14 May 2025, where she has led it since 2018.", 1.0),
        ("She led it from March 2021 until 14 May 2025.", 14 / 31),
    ],
)
def test_what_lasts_long_is_seldom_what_happened(text: str, expected: float) -> None:
    asked = TimeAsked("in", MAY, None, happened=True)
    assert fits(asked, mentions_in(text, None)) == pytest.approx(expected)


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


@given(TEXTS)
def test_any_question_asks_for_a_period_or_an_event_or_nothing(question: str) -> None:
    asked = time_asked(question)
    assert asked is None or (asked.period is None) != (not asked.event)
    assert asks_what_happened(question) in (True, False)


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

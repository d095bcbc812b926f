"""Summaries: when one is asked for, and what sums an article up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.summary import MAX_SENTENCES, summary_of
from tests.conftest import Over

MINUTES = """# Minutes of the allotment society

The society met in the Scout Hut on 14 October with eleven members present.

He opened the meeting late. The rent for a full plot will rise from £42 to £48 in April, by four votes to two. The rent
for half a plot will rise, too.

The water pipe by the east gate leaks and a plumber will repair it before the winter. It froze last year.

Elsie Marsh may keep one hive of bees on her plot for a trial year. Who has asthma?
"""
FERRY = "# The ferry to Skarn\n\nThe ferry carries 40 cars. The rent of a car on Skarn is £30 for each day of a stay."


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Summarise the minutes of the society", "the minutes of the society"),
        ("Can you summarize the report, please?", "the report"),
        ("Give me a short summary of the London talks.", "the London talks"),
        ("What are the main points of the letter?", "the letter"),
        ("key takeaways from the strike report", "the strike report"),
        ("What is the interview with Ann Lee about?", "the interview with Ann Lee"),
        ("Summarise the report in under 100 words", "the report"),
        ("In two or three sentences, summarise the report.", "the report"),
        ("Briefly summarise the report as bullet points", "the report"),
    ],
)
def test_a_summary_is_asked_for(question: str, subject: str) -> None:
    assert summary_of(question) == subject


@pytest.mark.parametrize(
    "question",
    [
        "What is the dispute about?",
        "Summarise it",
        "Summarise everything",
        "What does the summary of the report say?",
        "What is the key finding?",
        "Which report sums up the talks?",
        "What about the report?",
        "What is the outline of the coast?",
        "",
    ],
)
def test_no_summary_is_asked_for(question: str) -> None:
    assert summary_of(question) is None


@given(st.text(max_size=200))
def test_what_is_to_be_summed_up_stands_in_the_question(question: str) -> None:
    subject = summary_of(question)
    assert subject is None or (subject and subject in question)


@pytest.mark.parametrize("question", ["Summarise the minutes of the allotment society", "main points of the minutes?"])
def test_an_article_is_summed_up_from_its_beginning_on(over: Over, question: str) -> None:
    answer = over(minutes=MINUTES, ferry=FERRY).ask(question).answer
    assert answer.text.startswith("The society met in the Scout Hut")
    assert {cited.doc_id for cited in answer.citations} == {"minutes"}
    assert 2 <= len(answer.citations) <= MAX_SENTENCES
    starts = [cited.span.start for cited in answer.citations]
    assert starts == sorted(starts)
    assert not any(cited.cited_text.startswith(("He", "It", "Who")) for cited in answer.citations)


def test_it_is_as_short_as_is_asked(over: Over) -> None:
    engine = over(minutes=MINUTES, ferry=FERRY)
    (cited,) = engine.ask("Summarise the minutes of the allotment society in one sentence").answer.citations
    assert cited.cited_text.startswith("The society met in the Scout Hut")


def test_of_what_no_article_is_named_after_what_is_said_of_it_is_quoted(over: Over) -> None:
    answer = over(minutes=MINUTES, ferry=FERRY).ask("Summarise the leak of the water pipe").answer
    assert answer.text.startswith("The water pipe by the east gate leaks")

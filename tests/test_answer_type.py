"""What a question asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import words_of
from rag.answer_type import AnswerType, answer_type, holds, measure_asked


@pytest.mark.parametrize(
    ("question", "kind", "measure"),
    [
        ("How many mines are there?", AnswerType.NUMBER, None),
        ("how long does it take", AnswerType.NUMBER, None),
        ("What is China's processing share?", AnswerType.NUMBER, "share"),
        ("What percentage of people vote?", AnswerType.NUMBER, "percentage"),
        ("What was the population of Rome?", AnswerType.NUMBER, None),
        ("what's the price of neodymium", AnswerType.NUMBER, None),
        ("When was the treaty signed?", AnswerType.DATE, None),
        ("In which year did it close?", AnswerType.DATE, None),
        ("Who wrote it?", AnswerType.NAME, None),
        ("which country mines most", AnswerType.NAME, None),
        ("Why did talks fail?", None, None),
        ("shared values of the party", None, None),
        ("", None, None),
    ],
)
def test_the_kind_and_the_measure(question: str, kind: AnswerType | None, measure: str | None) -> None:
    assert answer_type(question) == kind
    found = measure_asked(question)
    assert (found.of(question) if found else None) == measure


@pytest.mark.parametrize(
    ("kind", "text", "question", "held"),
    [
        (AnswerType.NUMBER, "It has 85% of it.", "what share", True),
        (AnswerType.NUMBER, "It doubled.", "how much", True),
        (AnswerType.NUMBER, "It is large.", "how much", False),
        (AnswerType.NUMBER, "Just weeks later it closed.", "how soon", True),
        (AnswerType.NUMBER, "In 2010 it was large.", "how much was it in 2010", False),
        (AnswerType.NUMBER, "It was large in the 1990s and in May 2010.", "how much", False),
        (AnswerType.NUMBER, "It was small until March 2010.", "how much", False),
        (AnswerType.NUMBER, "The workforce grew from 1200 to 1800 workers.", "how many", True),
        (AnswerType.NUMBER, "Shipments rose to 1500 kg.", "how much", True),
        (AnswerType.NUMBER, "In all, 1500 died.", "how many", True),
        (AnswerType.NUMBER, "The school enrols 1850.", "how many", True),
        (AnswerType.NUMBER, "In 2010 it had 12 mines.", "how many mines", True),
        (AnswerType.NUMBER, "Of these, the 1900 workers left.", "how many", True),
        (AnswerType.DATE, "Talks were held in May.", "when", True),
        (AnswerType.DATE, "It opened in 1990.", "when", True),
        (AnswerType.DATE, "It was large in the 1990s.", "when", True),
        (AnswerType.DATE, "It may rise.", "when", False),
        (AnswerType.NAME, "The talks were led by Greer.", "who led the talks", True),
        (AnswerType.NAME, "It was led by Greer.", "who is Greer", False),
    ],
)
def test_what_holds_an_answer_of_the_kind(kind: AnswerType, text: str, question: str, held: bool) -> None:
    assert holds(kind, text, words_of(question)) is held


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    answer_type(text)
    measure = measure_asked(text)
    assert measure is None or measure.of(text)
    for kind in AnswerType:
        holds(kind, text, frozenset())

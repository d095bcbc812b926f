"""Questions about the articles themselves are asked of their subject."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engine import Engine
from rag.subject import of_the_subject


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Do the sources agree on the share of processing?", "What about the share of processing?"),
        ("do all of the articles contradict each other about how many mines there are", "How many mines there are?"),
        ("Are the reports consistent about whether the terms are known?", "Is it true that the terms are known?"),
        ("Is there any disagreement among the sources on tariffs?!", "What about tariffs?"),
        ("Which sources disagree over the price of dysprosium?", "What about the price of dysprosium?"),
        ("Where do the two reports differ on tariffs?", "What about tariffs?"),
    ],
)
def test_what_is_asked_of_the_articles_is_asked_of_the_subject(question: str, subject: str) -> None:
    assert of_the_subject(question) == subject


@pytest.mark.parametrize(
    "question",
    [
        "Do the sources agree on it?",
        "Do the sources agree on his death?",
        "Do the sources agree on when?",
        "Do the sources agree on what to do?",
        "Do the parties agree on tariffs?",
        "Do Chinese sources agree on tariffs?",
        "What do sources familiar with the talks say about benchmarks?",
        "What does the report say in 2020?",
        "What do the articles say about stockpiling?",
        "Do the articles differ in length?",
        "Do the sources agree?",
        "Which articles are there?",
        "What is China's processing share?",
    ],
)
def test_any_other_question_is_left_as_it_is(question: str) -> None:
    assert of_the_subject(question) == question


def test_the_articles_are_set_against_each_other(seeds_engine: Engine) -> None:
    response = seeds_engine.ask("Do the sources agree on the share of processing that China controls?")
    assert response.standalone.text == "What about the share of processing that China controls?"
    (found,) = response.answer.disagreements
    assert {side.value for side in found.sides} >= {"more than 90%", "over 85%", "approximately 85%"}


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert of_the_subject(text) or not text

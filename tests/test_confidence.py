"""The confidence in an answer: laws over any grounds, and what it is worth on real ones."""

from hypothesis import given
from hypothesis import strategies as st

from rag.answer import Asked, compose
from rag.confidence import confidence_in, read_confidence
from rag.engine import Engine
from rag.query import Query

QUESTION = "Which shares of processing does China have?"


@given(st.floats(0, 1))
def test_it_is_a_probability_no_surer_than_that_anything_answers(seeds_engine: Engine, answerable: float) -> None:
    sentences = seeds_engine.grounds(Query.parse(QUESTION)).sentences
    for few in ((), sentences[:1], sentences):
        assert 0 <= confidence_in(answerable, few) <= answerable


def test_what_is_cited_too_does_not_make_it_less_sure(seeds_engine: Engine) -> None:
    answer = seeds_engine.ask("What is China's processing share?").answer
    sentences = seeds_engine.grounds(Query.parse("What is China's processing share?")).sentences
    alone = [read_confidence(0.9, sentences, answer.citations[:count]).alone for count in range(4)]
    assert alone == sorted(alone)
    assert alone[0] < alone[-1] <= 1


def test_a_part_that_names_nothing_has_none(seeds_engine: Engine) -> None:
    grounds = seeds_engine.grounds(Query.parse("Where is the Brook Mine?"))
    asked = [Asked(question, question, grounds) for question in ("Where is the Brook Mine?", "Why?")]
    assert (compose(asked[:1]).confidence or 0) > 0.5
    assert compose(asked).unanswered == ("Why?",)
    assert compose(asked).confidence == compose(asked).answerable == 0

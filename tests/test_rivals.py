"""Rivals: which values of articles that say a thing in words of their own are set against each other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.disagreements import measured, put_articles, read_disputed
from index.corpus import Corpus
from index.embedder import Embedder
from index.reading import MARKDOWN, read_text
from rag.answerability import probability
from rag.calibration import fitted
from rag.engine import Engine
from rag.quantities import read_quantities
from rag.query import Query
from rag.rivals import find_rivals, read_rivals
from rag.values import agree

Over = Callable[..., Engine]


@pytest.fixture
def over(tmp_path: Path, embedder: Embedder) -> Iterator[Over]:
    """Opens an engine with the real model over articles, given by name in Markdown."""
    corpus = Corpus(tmp_path, embedder, create=True)

    def engine(**texts: str) -> Engine:
        for doc_id, text in texts.items():
            corpus.put(read_text(doc_id, text, MARKDOWN))
        return Engine(corpus)

    yield engine
    corpus.close()


def shown(engine: Engine, question: str) -> list[tuple[str, list[str]]]:
    answer = engine.ask(question).answer
    return [(found.kind, [side.value for side in found.sides]) for found in answer.disagreements]


DIFFERING = [
    (
        "When did Lindgren Hall open?",
        "# Lindgren Hall\n\nThe hall opened its doors in 1958 with a gala. It has two bars and a garden by the river.",
        "# An evening at Lindgren Hall\n\nIt was opened in 1961, in the rain, by a king who left early.",
        ["1958", "1961"],
    ),
    (
        "How many seats does Lindgren Hall have?",
        "# Lindgren Hall\n\nThe auditorium has 1,840 seats, and there is not a bad view among them.",
        "# An evening at Lindgren Hall\n\nWith 1,680 seats it is smaller than it looks.",
        ["1,680 seats", "1,840 seats"],
    ),
    (
        "How tall is Corrigan Tower?",
        "# Corrigan Tower\n\nAt 214 metres, it is the tallest building of the town by some distance.",
        "# A guide to Eastmouth\n\nCorrigan Tower rises 241 m above the harbour and looks as if somebody had left it.",
        ["214 metres", "241 m"],
    ),
]


@pytest.mark.parametrize(("question", "one", "other", "values"), DIFFERING)
def test_values_in_other_words_are_set_against_each_other(
    over: Over, question: str, one: str, other: str, values: list[str]
) -> None:
    (found,) = shown(over(one=one, other=other), question)
    assert found[0] == "conflict"
    assert sorted(found[1]) == values


AGREEING = [
    (
        "How far is Ostermere from the capital?",
        "# A day in Ostermere\n\nIt is an easy trip, just 48 kilometres from the capital, and trains leave every hour.",
        "# Ostermere\n\nThe town lies 30 miles from the capital, on the left bank of the Ost.",
    ),
    (
        "How many workers died building Tarnwell Bridge?",
        "# Tarnwell Bridge\n\nEleven workers were killed while it was being built, most of them in the winter of 1929.",
        "# Calder Bridge\n\nFive workers died building it, and their names are on the plate by the steps.",
    ),
    (
        "How cold was it on the summit of Kuyum in 2018?",
        "# Kuyum\n\nOur satellite gave the height of the summit as 6,087 metres. It was cold there in 2018.",
        "# The climb of Kuyum\n\nThe summit, 6,078 metres high, was reached in 2018 after a week on the wall.",
    ),
]


@pytest.mark.parametrize(("question", "one", "other"), AGREEING)
def test_the_same_value_another_thing_and_another_measure_are_not(
    over: Over, question: str, one: str, other: str
) -> None:
    assert shown(over(one=one, other=other), question) == []


def test_both_sides_are_cited_where_they_stand(over: Over) -> None:
    question, one, other, _ = DIFFERING[0]
    answer = over(one=one, other=other).ask(question).answer
    (found,) = answer.disagreements
    cited = {answer.citations[marker - 1].doc_id for side in found.sides for marker in side.markers}
    assert cited == {"one", "other"}
    assert found.topic == "“When did Lindgren Hall open?”"


def test_one_article_is_no_rival_of_itself(over: Over) -> None:
    text = "# Lindgren Hall\n\nThe hall opened in 1958. The new hall opened in 1961, in the rain."
    assert shown(over(one=text), "When did Lindgren Hall open?") == []


def test_a_pair_is_rated_alike_in_either_order(over: Over) -> None:
    question, one, other, _ = DIFFERING[1]
    grounds = over(one=one, other=other).grounds(Query.parse(question))
    assert grounds.features is not None
    forth, back = (
        read_rivals(question, sentences, probability(grounds.features))
        for sentences in (grounds.sentences, grounds.sentences[::-1])
    )
    assert [rival.features for rival in forth] == [rival.features for rival in back]


def test_what_asks_for_no_value_has_none(seeds_engine: Engine) -> None:
    question = "Why did China restrict exports?"
    sentences = seeds_engine.grounds(Query.parse(question)).sentences
    assert read_rivals(question, sentences, 0.9) == []
    assert find_rivals(question, sentences, 0.9) is None


def test_what_the_articles_give_is_told_apart_from_what_they_do_not(tmp_path: Path, embedder: Embedder) -> None:
    with Engine(Corpus(tmp_path, embedder, create=True)) as engine:
        put_articles(engine.corpus, "test")
        figures = measured(engine, read_disputed("test"))
    # Half of these questions ask for what two articles give near values of and do not differ in.
    assert figures["disagreement_precision"] >= 0.7
    assert figures["disagreement_recall"] >= 0.15


def test_the_threshold_is_set_for_precision() -> None:
    assert fitted("rivals").threshold > 0.5


SAME = [
    ("It is 2.34 km high.", "It is 2,340 metres high."),
    ("It is 7,933 feet high.", "It is 2,418 m high."),
    ("It weighs 2 tonnes.", "It weighs 2,000 kg."),
    ("It covers 5 hectares.", "It covers 50,000 square metres."),
    ("It took 14 days.", "It took two weeks."),
    ("It took 18 months.", "It took 1.5 years."),
    ("A third of it was sold.", "About 30% of it was sold."),
    ("It began at 7.30 pm.", "It began at 19:30."),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_value_in_two_units_is_one(one: str, other: str) -> None:
    (first,), (second,) = read_quantities(one), read_quantities(other)
    assert first.unit == second.unit
    assert agree(first, second)
    assert agree(second, first)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It is 2.34 km high.", "It is 2,430 metres high."),
        ("It began at 7.30 pm.", "It began at 8 pm."),
        ("A third of it was sold.", "Half of it was sold."),
    ],
)
def test_another_value_is_another(one: str, other: str) -> None:
    (first,), (second,) = read_quantities(one), read_quantities(other)
    assert not agree(first, second)

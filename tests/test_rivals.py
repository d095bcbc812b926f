"""Rivals: which values of articles that say a thing in words of their own are set against each other."""

import pytest

from benchmarks.disagreements import FOLDER, measured, read_disputed
from benchmarks.written import put_articles
from rag.answerability import probability
from rag.engine import Engine
from rag.quantities import read_quantities
from rag.query import Query
from rag.rivals import find_rivals, read_rivals
from rag.values import agree
from tests.conftest import Over


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
        "# Lindgren Hall\n\nThe auditorium by Ada Moe has 1,840 seats, and there is not a bad view among them.",
        "# An evening at Lindgren Hall\n\nThe hall by Ada Moe has 1,680 seats and is smaller than it looks.",
        ["1,680 seats", "1,840 seats"],
    ),
    (
        "How tall is Corrigan Tower?",
        "# Corrigan Tower\n\nThe tower is 214 metres tall and was built in concrete.",
        "# Corrigan Tower from below\n\nIt rises 241 m above the harbour, tall and grey.",
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


TOLD_APART = [
    (
        "When was the Orbit 5 released?",
        "# The Orbit 5\n\nThe Orbit 5 was released in September 2022.",
        "# The Orbit 6\n\nLike the Orbit 5 it has a glass back. It was released in October 2023.",
    ),
    (
        "What was Velora's revenue in 2024?",
        "# Velora\n\nVelora's revenue was 410 million euros in the first half of 2024, up 8%.",
        "# Velora grows\n\nVelora had revenue of 220 million euros in the third quarter of 2024.",
    ),
    (
        "How much does tram line 7 cost?",
        "# Tram line 7\n\nTram line 7 is planned to cost 320 million euros.",
        "# The tram opens\n\nTram line 7 cost 390 million euros in the end.",
    ),
    (
        "How many passengers does the ferry to Skarn carry?",
        "# The ferry to Skarn\n\nThe ferry Havlin carries 400 passengers and 120 cars.",
        "# To Skarn by ferry\n\nThe ferry carries 400 passengers. She was built in 1971.",
    ),
    (
        "How many seats did the Greens win in Tarn?",
        "# The vote in Tarn\n\nThe Greens won 31 of 120 seats in Tarn.",
        "# Tarn has voted\n\nThe Greens won 24% of the votes and 31 seats, the Liberals 18%.",
    ),
    (
        "How high is Mount Asper?",
        "# Mount Asper\n\nMount Asper, a volcano 3,120 metres high, erupted in May.",
        "# Volcanoes beside Mount Asper\n\nMount Dole, 2,410 metres high, is quiet.",
    ),
    (
        "How many objects does the Orwick museum have?",
        "# The Orwick museum\n\nThe museum shows 3,200 objects; its collection has about 40,000.",
        "# A visit to the Orwick museum\n\nThere are 40,000 objects, most of them in the cellar.",
    ),
    (
        "What share of pupils passed the final exam in 2019?",
        "# Riverside school\n\nIn 2019, 71% of the pupils passed the final exam.",
        "# Eastside school\n\nIn 2019, 83% of the pupils passed the final exam.",
    ),
]


@pytest.mark.parametrize(("question", "one", "other"), TOLD_APART)
def test_what_is_said_with_values_tells_them_apart(over: Over, question: str, one: str, other: str) -> None:
    assert shown(over(one=one, other=other), question) == []


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


def test_what_is_so_on_some_days_is_no_rival_of_what_is_on_others(over: Over) -> None:
    question = "What time does the first ferry to Skarn leave?"
    for days, rivals in (("Sundays", 0), ("weekdays", 1)):
        one = f"# The ferry to Skarn\n\nThe first ferry to Skarn leaves at 7:15am on {days}."
        other = "# To Skarn by ferry\n\nThe first ferry to Skarn leaves at 6:40am on weekdays."
        sentences = over(one=one, other=other).grounds(Query.parse(question)).sentences
        assert len(read_rivals(question, sentences, 0.9)) == rivals


def test_what_asks_for_no_value_has_none(seeds_engine: Engine) -> None:
    question = "Why did China restrict exports?"
    sentences = seeds_engine.grounds(Query.parse(question)).sentences
    assert read_rivals(question, sentences, 0.9) == []
    assert find_rivals(question, sentences, 0.9) is None


@pytest.mark.slow
def test_what_the_articles_give_is_told_apart_from_what_they_do_not(over: Over) -> None:
    engine = over()
    put_articles(engine.corpus, FOLDER / "test")
    figures = measured(engine, read_disputed("test"))
    # Half of these questions ask for what two articles give near values of and do not differ in.
    assert figures["disagreement_precision"] >= 0.8
    assert figures["disagreement_recall"] >= 0.05


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

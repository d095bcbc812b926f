"""Comparisons: of each article that a question sets beside another, something is quoted."""

from collections.abc import Iterator

import pytest

from index.corpus import Corpus
from index.embedder import Embedder
from index.reading import MARKDOWN, read_text
from rag.engine import Engine
from tests.conftest import Over

ARTICLES = {
    "bridge": "# Orion Bridge\n\nThe Orion Bridge crosses the Lind at Harrow. It was opened in 1931. The bridge is "
    "412 metres long.",
    "tunnel": "# Lind Tunnel\n\nThe Lind Tunnel was planned for years. It has two lanes, is 890 metres long and was "
    "opened in 1966. Cyclists of the Orion Bridge Club use it too.",
    "harrow": "# Harrow\n\nHarrow is a town on the Lind. It has some 31,000 inhabitants, who live on both banks.",
    "lindau": "# Lower Lind\n\nLower Lind is a village of fishermen. It has 610 inhabitants. Harrow is near.",
    "other": "# Museum\n\nThe museum shows 40 locomotives and was opened in 1975.",
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Engine]:
    corpus = Corpus(tmp_path_factory.mktemp("sides"), embedder, create=True)
    for doc_id, text in ARTICLES.items():
        corpus.put(read_text(doc_id, text, MARKDOWN))
    yield Engine(corpus)
    corpus.close()


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("Which is longer, the Orion Bridge or the Lind Tunnel?", ["412 metres", "890 metres"]),
        ("Is the Lind Tunnel older than the Orion Bridge?", ["1966", "1931"]),
        ("Which has more inhabitants, Lower Lind or Harrow?", ["610 inhabitants", "31,000 inhabitants"]),
    ],
)
def test_either_side_is_quoted_in_the_order_of_the_question(engine: Engine, question: str, sides: list[str]) -> None:
    cited = engine.ask(question).answer.citations
    assert all(side in one.cited_text for side, one in zip(sides, cited, strict=False))
    assert len({one.doc_id for one in cited}) == len(cited) == 2


@pytest.mark.parametrize("question", ["When was the Orion Bridge at Harrow opened?", "How long is the Orion Bridge?"])
def test_where_nothing_is_compared_no_other_side_is_quoted(engine: Engine, question: str) -> None:
    assert {one.doc_id for one in engine.ask(question).answer.citations} == {"bridge"}


CITIES = ["# Delft\n\nDelft was founded in 1246.", "# Gouda\n\nGouda was founded in 1272."]
DAYS = ["# Monday\n\nMonday is the day on which the hall is cleaned.", "# Tuesday\n\nTuesday is the day of the choir."]


@pytest.mark.parametrize(
    ("articles", "answer", "question"),
    [
        # What compares them itself needs no sides.
        (CITIES, "Delft is a bit smaller than Gouda, by a tenth.", "Is Delft smaller than Gouda?"),
        # Nothing is compared.
        (DAYS, "The swimming pool is open on Tuesday.", "Is the swimming pool open on Monday or Tuesday?"),
        (
            CITIES,
            "The first canal between Delft and Gouda was dug by monks.",
            "Did monks or farmers dig the first canal between Delft and Gouda?",
        ),
        # Of one of them nothing is told.
        (
            ["# Kiel\n\nPort city", "# Ulm\n\nMinster"],
            "The port is bigger than Ulm: Kiel is nearly twice as big as Ulm.",
            "Which is bigger, Kiel or Ulm?",
        ),
    ],
)
def test_what_answers_by_itself_comes_first(over: Over, articles: list[str], answer: str, question: str) -> None:
    engine = over(**{f"a{number}": text for number, text in enumerate([*articles, f"# Notes\n\n{answer}"])})
    assert engine.ask(question).answer.citations[0].cited_text == answer


def test_a_number_of_a_name_is_none_that_is_compared(over: Over) -> None:
    told = "# Orion {0}\n\nThe Orion {0} is a car. It is red. Its range is {1} km."
    engine = over(o5=told.format(5, 380), o6=told.format(6, 420))
    cited = engine.ask("Which has the longer range, the Orion 5 or the Orion 6?").answer.citations
    assert ["380" in cited[0].cited_text, "420" in cited[1].cited_text] == [True, True]

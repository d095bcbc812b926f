"""Comparisons: of each article that a question sets beside another, something is quoted."""

from collections.abc import Iterator

import pytest

from index.corpus import Corpus
from index.embedder import Embedder
from index.reading import MARKDOWN, read_text
from rag.engine import Engine

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

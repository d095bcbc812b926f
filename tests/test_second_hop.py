"""Questions that take two articles: the best sentence leads to the other one, by its title, and that one answers."""

from collections.abc import Iterator

import pytest

from index.corpus import Corpus
from index.embedder import Embedder
from index.reading import MARKDOWN, read_text
from rag.engine import Engine
from rag.query import Query

ARTICLES = {
    "orion": "# Orion Bridge\n\nThe Orion Bridge crosses the Lind at Harrow. It was designed by Ada Finch and opened "
    "in 1931. At 412 metres it was the longest of its kind in the country until 1950.",
    "finch": "# Ada Finch\n\nAda Finch was an engineer and painter. She was born in Malmö in 1889 and studied in "
    "Zurich. Finch worked for the railways before she set up her own office in 1922.",
    "harrow": "# Harrow (town)\n\nHarrow is a town on the Lind with 31,000 inhabitants. Its mayor is Tomas Reed. The "
    "town hall was built in 1902.",
    "reed": "# Tomas Reed\n\nTomas Reed is a politician. Before he entered politics he taught chemistry at the Lind "
    "School. He has three children and plays the cello.",
    "school": "# Lind School\n\nThe Lind School was founded in 1880. It has 640 pupils. Its director is Karin Voss.",
    "tunnel": "# Lind Tunnel\n\nThe Lind Tunnel was dug from 1961 to 1966. It is 890 metres long and has two lanes.",
    "museum": "# Museum of Transport\n\nThe museum was opened in 1975 in the old depot. It shows 40 locomotives.",
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Engine]:
    corpus = Corpus(tmp_path_factory.mktemp("hops"), embedder, create=True)
    for doc_id, text in ARTICLES.items():
        corpus.put(read_text(doc_id, text, MARKDOWN))
    yield Engine(corpus)
    corpus.close()


@pytest.mark.parametrize(
    ("question", "leading", "answering"),
    [
        ("Where was the designer of the Orion Bridge born?", "Ada Finch", "born in Malmö"),
        ("Where did the architect who designed the Orion Bridge study?", "Ada Finch", "studied in Zurich"),
        ("What did the mayor of Harrow do before politics?", "mayor is Tomas Reed", "taught chemistry"),
        ("How many children does the mayor of Harrow have?", "mayor is Tomas Reed", "three children"),
        ("How many pupils has the school where Tomas Reed taught?", "Lind School", "640 pupils"),
    ],
)
def test_what_leads_on_is_told_first_and_then_what_answers(
    engine: Engine, question: str, leading: str, answering: str
) -> None:
    first, second, *_ = engine.ask(question).answer.citations
    assert leading in first.cited_text
    assert answering in second.cited_text
    assert first.doc_id != second.doc_id


@pytest.mark.parametrize(
    ("question", "doc_id"),
    [
        # The best sentence has all that is asked.
        ("Who designed the Orion Bridge?", "orion"),
        ("How many people live in Harrow?", "harrow"),
        # It names an article that the question names too, which would have come by itself.
        ("When was the Orion Bridge at Harrow opened?", "orion"),
        # No article that it names says the rest.
        ("Who paid the designer of the Orion Bridge?", "orion"),
    ],
)
def test_what_leads_nowhere_stays_alone(engine: Engine, question: str, doc_id: str) -> None:
    cited = engine.ask(question).answer.citations
    assert {one.doc_id for one in cited[:2]} <= {doc_id}


def test_a_question_that_names_two_articles_is_matched_by_both(engine: Engine) -> None:
    def by_title(question: str) -> float:
        features = engine.grounds(Query.parse(question)).features
        assert features is not None
        return features.by_title

    assert by_title("Which is longer, the Orion Bridge or the Lind Tunnel?") > 0.01
    assert by_title("How long is the Orion Bridge?") == 0
    assert by_title("Which is longer, the bridge or the tunnel?") == 0

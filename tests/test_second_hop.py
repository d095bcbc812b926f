"""Questions that take two articles: the best sentence leads to the other one, by its title, and that one answers."""

from collections.abc import Iterator

import pytest

from index.corpus import Corpus
from index.embedder import Embedder
from index.reading import MARKDOWN, read_text
from rag.engine import Engine
from tests.conftest import Over

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


def test_the_article_that_names_itself_leads_on_to_itself(over: Over) -> None:
    text = (
        "# Tobias Renner\n\nTobias Renner has been the chief executive of Pellworth Instruments since 2016.\n\n"
        "He is fond of rowing.\n\nRenner was born in Ostrey in 1969 and studied economics."
    )
    engine = over(renner=text, firm="# Pellworth Instruments\n\nThe firm makes gauges in Dunmore.")
    cited = engine.ask("Where was the chief executive of Pellworth Instruments born?").answer.citations
    assert ["since 2016" in cited[0].cited_text, "born in Ostrey" in cited[1].cited_text] == [True, True]


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


TOWN = (
    "# Harrow\n\nHarrow is a town. Its hall was painted green. Its tower weighs 300 tonnes, is 90 metres tall and was "
    "built in 1402. It has 31,000 inhabitants. The poet Ian Moss was born in Harrow."
)
BRIDGE = "# Orion Bridge\n\nThe Orion Bridge crosses the Lind at Harrow and was drawn by Ada Finch."


@pytest.mark.parametrize(
    ("question", "articles", "beside"),
    [
        # No way leads from a thing that is asked about to the place that it stands in.
        ("What colour is the Orion Bridge painted?", [BRIDGE, TOWN], "green"),
        ("How tall is the Orion Bridge?", [BRIDGE, TOWN], "90 metres"),
        ("In which year was the Orion Bridge built?", [BRIDGE, TOWN], "1402"),
        ("When was the Orion Bridge built?", [BRIDGE, TOWN], "1402"),
        ("How many inhabitants crossed the Orion Bridge?", [BRIDGE, TOWN], "31,000"),
        # What an article says of somebody else is not said of its subject.
        ("Where was the designer of the Orion Bridge born?", [BRIDGE, TOWN], "Ian Moss"),
        # A question, a header and a denial are no answers.
        (
            "Where was the designer of the Orion Bridge born?",
            [BRIDGE, "# Ada Finch\n\nWho was she?\n\nWhere was she born?\n\nNobody has found that out so far."],
            "Where was she",
        ),
        (
            "Where was the designer of the Orion Bridge born?",
            [BRIDGE, "# Ada Finch\n\nAda Finch was not born in Malmö, as is often said."],
            "not born",
        ),
        (
            "Where was the designer of the Orion Bridge born?",
            [BRIDGE, "# Ada Finch\n\n| Born | Died |\n| --- | --- |\n| 1889 | 1961 |"],
            "| Born",
        ),
        # Two articles of one name are told apart by nothing.
        (
            "Where was the designer of the Orion Bridge born?",
            [
                BRIDGE,
                "# Ada Finch (engineer)\n\nAda Finch was born in Malmö.",
                "# Ada Finch (painter)\n\nAda Finch was born in Lund.",
            ],
            "Finch was born",
        ),
    ],
)
def test_it_is_led_on_by_nothing_else(over: Over, question: str, articles: list[str], beside: str) -> None:
    engine = over(**{f"a{number}": text for number, text in enumerate(articles)})
    assert not any(beside in one.cited_text for one in engine.ask(question).answer.citations[1:])


def test_what_is_told_with_the_best_is_not_told_again(over: Over) -> None:
    text = "# Tobias Renner\n\nTobias Renner has led Pellworth as its chief since 2016. He was **born** in Ostrey."
    cited = over(renner=text).ask("Where was the chief of Pellworth born?").answer.citations
    assert len({one.cited_text for one in cited}) == len(cited)
    assert sum("Ostrey" in one.cited_text for one in cited) == 1


def test_rows_that_are_computed_stay(over: Over) -> None:
    cars = {"Ember Trail": 300, "Drift One": 260, "Kite": 410, "Plover": 290, "Wren": 180}
    rows = "".join(f"| {name} | {km} |\n" for name, km in cars.items())
    abroad = {
        f"car{number}": f"# {name}\n\nModels sold abroad have a range of less than 250 km."
        for number, name in enumerate(cars)
    }
    engine = over(cars=f"# Cars\n\n| Model | Range (km) |\n| --- | --- |\n{rows}", **abroad)
    cited = engine.ask("Which of the models that are in the table have a range over 250 km?").answer.citations
    assert {one.doc_id for one in cited} == {"cars"}
    assert len(cited) == 4

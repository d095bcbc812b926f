"""Rows of tables: that with the most or the least of what is asked for, and those that are named, come first."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from index.corpus import Corpus
from index.embedder import Embedder
from index.reading import MARKDOWN, read_text
from rag.engine import Engine
from rag.query import Query
from rag.structure import cells_of
from rag.table_rows import fitting_rows, superlative_row
from tests.conftest import Over

PUMPS = """# Heat pumps compared

We tested three heat pumps for a winter.

| Model | Price (€) | SCOP | Noise at 3 m (dB) | Warranty (years) |
| --- | --- | --- | --- | --- |
| Kaltwerk A7 | 9,800 | 4.6 | 34 | 5 |
| Brisa Eco | 7,250 | 3.9 | 42 | 2 |
| NordTherm 8 | 12,400 | 5.1 | 31 | 7 |
| Ventus | 9,100 | 4.6 | 38 | 5 |

All of them were installed in the same week.
"""


def column(header: str, *cells: str) -> str:
    """A table of rows A, B and so on with one column."""
    rows = "".join(f"| {name} | {cell} |\n" for name, cell in zip("ABCD", cells, strict=False))
    return f"| Name | {header} |\n| --- | --- |\n{rows}"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Engine]:
    corpus = Corpus(tmp_path_factory.mktemp("pumps"), embedder, create=True)
    corpus.put(read_text("pumps", PUMPS, MARKDOWN))
    yield Engine(corpus)
    corpus.close()


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Which heat pump has the longest warranty?", "NordTherm 8"),
        ("Which heat pump has the shortest warranty?", "Brisa Eco"),
        ("Which is the loudest heat pump?", "Brisa Eco"),
        ("which heat pump is the quietest", "NordTherm 8"),
        ("What is the cheapest heat pump?", "Brisa Eco"),
        ("What is the most expensive heat pump?", "NordTherm 8"),
        ("Which heat pump has the lowest SCOP?", "Brisa Eco"),
        ("Which heat pump makes the least noise?", "NordTherm 8"),
        ("Which pump has the most noise?", "Brisa Eco"),
    ],
)
def test_the_row_that_has_the_most_or_the_least_is_quoted_first(engine: Engine, question: str, first: str) -> None:
    assert engine.ask(question).answer.text.startswith(first)


@pytest.mark.parametrize(
    "question",
    [
        "What does the Brisa Eco cost?",
        # No column is of that.
        "Which heat pump has the longest cable?",
        "Which of the Kaltwerk A7 and the Ventus has the highest weight?",
        # Some of the rows, another than the first, and what is no superlative at all.
        "Which heat pump by Kaltwerk has the lowest noise?",
        "Which heat pump under 10,000 euros has the longest warranty?",
        "Which heat pump has the second longest warranty?",
        "Which heat pumps have a warranty of at least 5 years?",
        "What do most people pay as the price of a heat pump?",
    ],
)
def test_where_no_table_tells_none_is_taken(engine: Engine, question: str) -> None:
    assert superlative_row(question, engine.grounds(Query.parse(question)).sentences) is None


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which heat pumps have a warranty of 5 years?", ["Kaltwerk A7", "Ventus"]),
        ("Which heat pumps have a warranty of at least 5 years?", ["Kaltwerk A7", "NordTherm 8", "Ventus"]),
        ("Which heat pumps cost less than 9,500 euros?", ["Brisa Eco", "Ventus"]),
        ("Which heat pumps have a SCOP over 4?", ["Kaltwerk A7", "NordTherm 8", "Ventus"]),
        # No row fits, none is asked for, no column is named, and what is one of the rows is a condition.
        ("Which heat pumps have a warranty of 9 years?", []),
        ("How long is the warranty of 5 heat pumps?", []),
        ("Which heat pumps have a weight under 100 kg?", []),
        ("Which Kaltwerk pumps have a warranty of 5 years?", []),
        ("Which heat pumps cost between 8,000 and 9,000 euros?", []),
        # What is denied, told in thousands, or in another unit, is not computed.
        ("Which heat pumps do not have a warranty of 5 years?", []),
        ("Which heat pumps have a warranty of not more than 5 years?", []),
        ("Which heat pumps cost over 8 thousand euros?", []),
        ("Which heat pumps cost less than 9,500 dollars?", []),
        ("Which heat pumps cost less than £9,500?", []),
        ("Which heat pumps have a warranty of under 6 months?", []),
        ("Which heat pumps have a warranty of 5 years or more?", []),
        ("Which heat pumps lack a warranty of 5 years?", []),
    ],
)
def test_the_rows_are_quoted_that_have_as_much_as_is_asked_for(engine: Engine, question: str, rows: list[str]) -> None:
    fitting = fitting_rows(question, engine.grounds(Query.parse(question)).sentences)
    assert sorted(cells_of(row.text)[0].strip() for row in fitting) == rows
    if rows:
        cited = [one.cited_text for one in engine.ask(question).answer.citations]
        assert sorted(cells_of(row)[0].strip() for row in cited) == rows


def test_beside_the_row_that_has_the_most_no_other_is_quoted(engine: Engine) -> None:
    (cited,) = engine.ask("Which heat pump has the longest warranty?").answer.citations
    assert cited.cited_text.startswith("| NordTherm 8")


def test_two_rows_that_have_as_much_leave_it_open(tmp_path: Path, embedder: Embedder) -> None:
    table = "| Town | Population |\n| --- | --- |\n| Alm | 9,000 |\n| Berg | 9,000 |\n| Cron | 100 |\n"
    corpus = Corpus(tmp_path, embedder, create=True)
    corpus.put(read_text("towns", f"# Towns\n\n{table}", MARKDOWN))
    sentences = Engine(corpus).grounds(Query.parse("Which town has the largest population?")).sentences
    assert superlative_row("Which town has the largest population?", sentences) is None
    row = superlative_row("Which town has the smallest population?", sentences)
    assert row is not None
    assert row.text.startswith("| Cron")
    corpus.close()


@pytest.mark.parametrize(
    ("question", "table"),
    [
        ("Which disk has the largest storage?", "| Disk | Storage |\n| --- | --- |\n| A | 512 GB |\n| B | 2 TB |\n"),
        ("Which is the highest time?", "| Runner | Time (min) |\n| --- | --- |\n| Ann | 78 |\n| Bob | 95 |\n"),
        ("Which town has the largest park?", "| Town | Parks |\n| --- | --- |\n| Ask | 9 |\n| Vik | 2 |\n"),
        ("Which town has the largest parks?", "| Town | Parks |\n| --- | --- |\n| Ask | 9 |\n| Vik | 2 |\n"),
        ("Which town has the most famous parks?", "| Town | Parks |\n| --- | --- |\n| Ask | 9 |\n| Vik | 2 |\n"),
        ("Which is the highest rank?", "| Team | Rank |\n| --- | --- |\n| A | 1 |\n| B | 3 |\n"),
        # 1.200 is either, and in brackets stands what is owed.
        ("What is the lowest price?", column("Price", "800 €", "1.200 €", "950 €")),
        ("What is the highest price?", column("Price", "800 €", "1.200 €", "950 €")),
        ("What is the lowest balance?", column("Balance", "(5)", "(7)")),
        ("What is the lowest temperature?", column("Temperature", "-5 to -3", "2 to 7")),
    ],
)
def test_numbers_that_do_not_compare_are_not_compared(
    tmp_path: Path, embedder: Embedder, question: str, table: str
) -> None:
    corpus = Corpus(tmp_path, embedder, create=True)
    corpus.put(read_text("table", f"# The table\n\n{table}", MARKDOWN))
    assert superlative_row(question, Engine(corpus).grounds(Query.parse(question)).sentences) is None
    corpus.close()


@pytest.mark.parametrize(
    ("question", "table", "first"),
    [
        ("Which place has the most parks?", column("Parks", "4", "9", "2"), "B"),
        ("Who had the fastest time?", column("Time (min)", "78", "95", "81"), "A"),
        ("Which one takes the longest time to charge?", column("Charging time (h)", "4.5", "5.0", "1.5"), "B"),
        ("What is the lowest price?", column("Price", "800,00 €", "1.200,00 €", "95,50 €"), "C"),
        ("What is the highest price?", column("Price", "800,00 €", "1.200,00 €", "950 €"), "B"),
        # Whether a point groups or not, these are in one order; a nought before it, or two digits after it, tell.
        ("What is the highest price?", column("Price", "1.200 €", "9.500 €", "12.000 €"), "C"),
        ("What is the lowest density?", column("Density", "1.200", "0.950", "12"), "B"),
        ("What is the highest density?", column("Density", "1.200", "3.25", "12"), "C"),
        ("What is the highest price?", column("Price", "800 €", "1,200 €", "950 €"), "B"),
        ("What is the lowest temperature?", column("Temperature", "−5 °C", "−7 °C", "−3 °C"), "B"),
        ("What is the lowest temperature?", column("Temperature", "-5 °C", "-7 °C", "3 °C"), "B"),
        ("What is the highest temperature?", column("Temperature", "−5 °C", "+7 °C", "3 °C"), "B"),
    ],
)
def test_numbers_are_read_with_their_signs_and_as_their_column_writes_them(
    tmp_path: Path, embedder: Embedder, question: str, table: str, first: str
) -> None:
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        corpus.put(read_text("table", f"# The table\n\n{table}", MARKDOWN))
        row = superlative_row(question, Engine(corpus).grounds(Query.parse(question)).sentences)
    assert row is not None
    assert row.text.startswith(f"| {first} ")


def test_a_total_is_no_row(tmp_path: Path, embedder: Embedder) -> None:
    table = "| Bridge | Length |\n| --- | --- |\n| Old | 182 |\n| New | 210 |\n| **Total** | 392 |\n"
    corpus = Corpus(tmp_path, embedder, create=True)
    corpus.put(read_text("bridges", f"# Bridges\n\n{table}", MARKDOWN))
    question = "Which bridge has the largest length?"
    row = superlative_row(question, Engine(corpus).grounds(Query.parse(question)).sentences)
    assert row is not None
    assert row.text == "| New | 210 |"
    corpus.close()


TICKETS = """# The museum

| Ticket | Price |
| --- | --- |
| Family (2 adults, up to 3 children) | £28.00 |
| Adult | £11.50 |
| Child | £5.00 |
"""


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What is the price for adults?", ["Adult"]),
        ("What is dearer, a ticket for an adult or for a child?", ["Adult", "Child"]),
    ],
)
def test_the_rows_that_a_question_names_are_quoted_first(
    embedder: Embedder, tmp_path: Path, question: str, rows: list[str]
) -> None:
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        corpus.put(read_text("museum", TICKETS, MARKDOWN))
        cited = [one.cited_text for one in Engine(corpus).ask(question).answer.citations[: len(rows)]]
    assert sorted(one.split("|")[1].strip() for one in cited) == rows


FIGURES = """# Four dehumidifiers

## Verdict

| Award | Machine |
| --- | --- |
| Best for cold rooms | Kalden Zephyr 8 |
| Best for a guarantee that is long | Oslow AirDry 16 |

## Figures

| | Oslow AirDry 16 | Kalden Zephyr 8 |
| --- | --- | --- |
| Tank | 3.8 litres | 2.0 litres |
| Guarantee | 5 years | 3 years |
"""


def test_a_row_is_named_together_with_its_column_whichever_table_is_the_most_relevant(
    embedder: Embedder, tmp_path: Path
) -> None:
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        corpus.put(read_text("test", FIGURES, MARKDOWN))
        for question in ("How long is the guarantee on the Kalden Zephyr 8?", "Guarantee of the Oslow AirDry 16?"):
            cited = Engine(corpus).ask(question).answer.citations[0].cited_text
            assert cited.startswith("| Guarantee"), question


def test_a_column_called_value_is_not_named(over: Over) -> None:
    text = "# Mill\n\nThe mill is old.\n\n| Key fact | Value |\n| --- | --- |\n| Motto | Water goes |\n| Wheels | 2 |\n"
    assert over(mill=text).ask("What is the motto of the mill?").answer.text == "Mill – Motto: Water goes [1]"

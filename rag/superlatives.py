"""Superlatives: which row of a table has the most, or the least, of what a question asks for."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from rag.content import content_words
from rag.relevance import Sentence
from rag.structure import cells_of, structure_of

_MOST = "longest highest largest biggest greatest most tallest heaviest deepest fastest loudest dearest oldest widest"
_LEAST = "shortest lowest smallest fewest least cheapest lightest quietest slowest youngest narrowest"
_SUPERLATIVE = re.compile(
    rf"\b(?:(?P<most>{_MOST.replace(' ', '|')})|(?P<least>{_LEAST.replace(' ', '|')}))(?: (?P<of>[a-z]+))?\b",
    re.IGNORECASE,
)
# What a column is called that tells how cheap or how loud a thing is; the word itself is not in its header.
_COLUMNS = {
    "cheapest": "price cost fee rent",
    "dearest": "price cost fee rent",
    "expensive": "price cost fee rent",
    "quietest": "noise sound loudness",
    "loudest": "noise sound loudness",
    "heaviest": "weight mass",
    "lightest": "weight mass",
    "tallest": "height",
    "highest": "height elevation altitude",
    "largest": "size area",
    "biggest": "size area",
    "deepest": "depth",
    "fastest": "speed",
    "slowest": "speed",
    "oldest": "age",
    "youngest": "age",
    "widest": "width",
    "narrowest": "width",
    "populous": "population inhabitants",
}
_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?")


def superlative_row(question: str, sentences: Sequence[Sentence]) -> Sentence | None:
    """Return the row that has the most or the least of what a question asks for, None where no table tells.

    The table is the first, by its most relevant row, that has a column named in the question with a number in every
    row; two rows that have as much leave it open.
    """
    asked = _SUPERLATIVE.search(question)
    if asked is None:
        return None
    words = content_words(question) | content_words(_COLUMNS.get((asked["most"] or asked["least"]).lower(), ""))
    words |= content_words(_COLUMNS.get((asked["of"] or "").lower(), ""))
    for rows in _tables(sentences):
        values = _column(words, rows)
        if len(values) > 1 and len(values) == len(rows):
            best = (max if asked["most"] else min)(values)
            return rows[values.index(best)] if values.count(best) == 1 else None
    return None


def _tables(sentences: Sequence[Sentence]) -> Iterator[list[Sentence]]:
    """Yield the rows of each table without its header, the table with the most relevant row first."""
    tables: dict[object, list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        standing = structure_of(sentence.evidence.passage)[sentence.span.start]
        if standing.is_row and not standing.is_header and standing.lead:
            tables[sentence.evidence.passage_id, standing.lead].append(sentence)
    yield from tables.values()


def _column(words: frozenset[str], rows: Sequence[Sentence]) -> list[float]:
    """Return the numbers in the one column that words name, of those rows that have one there."""
    passage = rows[0].evidence.passage
    lead = structure_of(passage)[rows[0].span.start].lead
    headers = cells_of(passage.slice(lead)) if lead else []
    named = [at for at, header in enumerate(headers) if at and content_words(header) & words]
    if len(named) != 1:
        return []
    cells = (cells_of(row.text)[named[0] : named[0] + 1] for row in rows)
    found = [_NUMBER.search(cell[0]) if cell else None for cell in cells]
    return [float(one[0].replace(",", "")) for one in found if one]

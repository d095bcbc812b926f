"""Table rows: which has the most or the least of what a question asks for, which have so much, and which it names."""

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rag.answer_type import compares
from rag.content import content_words, is_plural
from rag.relevance import Sentence
from rag.structure import cells_of, structure_of
from rag.units import CURRENCIES, MEASURES

_MOST = "longest highest largest biggest greatest tallest heaviest deepest fastest quickest loudest dearest widest"
_LEAST = "shortest lowest smallest fewest cheapest lightest quietest slowest narrowest"
_OF_ANY = r"(?:(?<=the )|(?<=has )|(?<=have ))"
_SUPERLATIVE = re.compile(
    rf"\b(?:(?P<most>{_MOST.replace(' ', '|')}|most (?=expensive|populous)|{_OF_ANY}most (?=[a-z]))|"
    rf"(?P<least>{_LEAST.replace(' ', '|')}|least (?=expensive|populous)|{_OF_ANY}least (?=[a-z])))"
    r"(?: ?(?P<of>[a-z]+))?\b",
    re.IGNORECASE,
)
# "The second largest", "under 1,000 euros", "that has a garden": another row than the first, or not any.
_CONDITION = re.compile(
    r"\b(?:second|third|fourth|fifth|2nd|3rd|\d+th|under|over|below|above|than|without|except|besides|after|before|since|"
    r"that|which has|(?<!^)who|whose|with)\b(?!\?)|\d",
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
    "quickest": "speed",
    "slowest": "speed",
    "widest": "width",
    "narrowest": "width",
    "populous": "population inhabitants",
}
# "Cheaper" tells of the same column as "cheapest".
_SUPERLATIVE_OF = {re.sub("est$", "er", word): word for word in _COLUMNS if word.endswith("est")}
# How much is asked for, by what stands before the number.
_FITS: dict[str, Callable[[float, float], bool]] = {
    **dict.fromkeys(["of", "for", "with", "exactly", "has", "have", "costs", "cost"], operator.eq),
    **dict.fromkeys(("over", "above", "more than", "longer than", "higher than", "larger than"), operator.gt),
    **dict.fromkeys(("under", "below", "less than", "fewer than", "cheaper than", "shorter than"), operator.lt),
    **dict.fromkeys(("at least", "no less than", "no fewer than"), operator.ge),
    **dict.fromkeys(("at most", "up to", "no more than"), operator.le),
}
_AMOUNT = re.compile(
    rf"\b(?P<than>{'|'.join(_FITS)}) (?P<sign>[$€£])?(?P<number>\d(?:[\d.,]*\d)?)(?![\d-])(?: ?(?P<unit>[^\W\d_]+|%))?"
    r"[\W_]*$",
    re.IGNORECASE,
)
# What a question is that asks for rows by an amount, and by nothing else, before it.
_ASKS_WHICH = re.compile(
    r"\W*(?:which|what) (?:(?!\b(?:not|no|lack|fail|miss|cannot|hardly|without|other)\b)[\w’-]+ ){1,4}?"
    r"(?:has|have|cost|costs|with|is|are|weigh|weighs|can|offer|offers|come)\b"
    r"(?:(?!\b(?:not|no|lack|fail|miss|cannot|hardly|without|other|half|twice)\b|n[’']t\b)[^,])*",
    re.IGNORECASE,
)
# Whether what takes most time is meant; of another column of times that is left open.
_OF_TIMES = {"fastest": False, "quickest": False, "shortest": False, "slowest": True, "longest": True}
_TIMES = content_words("time times")
_OF_COUNTS = ("most", "least", "fewest")
# Of these less is better, or more is later.
_OTHER_ORDER = content_words("year date day built opened founded since rank ranking position place order change")
_SIGN = r"(?:(?<!\w)[-−–+])?"
# How numbers are written in English, and on most of the Continent, where "1.200" is what "1,200" is here.
_NUMBERS = (
    re.compile(rf"{_SIGN}(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"),
    re.compile(rf"{_SIGN}(?:[1-9]\d{{0,2}}(?:\.\d{{3}})+(?:,\d{{1,2}})?|\d+(?:,\d{{1,2}})?)"),
)
_IN_PLAIN = (str.maketrans("−–", "--", ","), str.maketrans("−–,", "--.", "."))
_UNIT = re.compile(r"[^\W\d_]+|[€£$]")
_TOTAL = re.compile(r"\W*(?:total|all|sum|overall|average|mean|median)\b", re.IGNORECASE)
_IN_BRACKETS, _UNREAD_SIGN = re.compile(r"\([^)]*\)"), re.compile(r"[-−–+(]")
# A table of so many rows may go on in the next passage.
_MOST_ROWS = 15


class _Column(NamedTuple):
    """A column of a table: what stands above it, and its cell in every row."""

    header: str
    cells: list[str]

    @property
    def words(self) -> frozenset[str]:
        """What it is called."""
        return column_name(self.header)


def superlative_row(question: str, sentences: Sequence[Sentence]) -> Sentence | None:
    """Return the row that has the most or the least of what a question asks for, None where no table tells.

    The table is the first, by its most relevant row, in which one column is named in the question and has a plain
    number of one unit in every row. Two rows that have as much leave it open, and so do a question with a condition and
    numbers that, as they are written, may be read in two ways that tell of two rows.
    """
    asked = _SUPERLATIVE.search(question)
    if asked is None or _CONDITION.search(f"{question[: asked.start()]} {question[asked.end() :]}"):
        return None
    told, words = (asked["most"] or asked["least"]).lower().strip(), column_words(question)
    for rows in _tables(sentences):
        column = _column(words, rows)
        most = _OF_TIMES.get(told) if column.words & _TIMES else bool(asked["most"])
        is_named = _is_told_by(column, told, asked["of"] or "") and not column.words & _OTHER_ORDER
        is_open = most is None or not is_named or _has_condition(words - column.words, rows)
        readings = [] if is_open else _readings(column.cells)
        if readings and 1 < len(rows) < _MOST_ROWS:
            found = {_only_best(values, most=bool(most)) for values in readings}
            best = found.pop()
            return None if found or best is None else rows[best]
    return None


def fitting_rows(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the rows that have as much as a question asks for: "over 250 km", "a warranty of 5 years".

    The table is the first in which one column is named and has a plain number of one unit in every row, as the question
    has one number. None where no row fits, or two readings of the numbers tell of other rows.
    """
    asked = _AMOUNT.search(question)
    if asked is None or not _ASKS_WHICH.fullmatch(question, 0, asked.start()):
        return []
    words = column_words(question) - content_words(asked["number"])
    for rows in _tables(sentences):
        column = _column(words, rows)
        is_told = bool(column.cells) and _is_of_unit(column, asked["sign"], asked["unit"])
        is_open = not is_told or _has_condition(words - column.words, rows)
        readings = [] if is_open else _readings(column.cells, asked["number"])
        if readings and 1 < len(rows) < _MOST_ROWS:
            fits = _FITS[asked["than"].lower()]
            found = {tuple(at for at, value in enumerate(one[:-1]) if fits(value, one[-1])) for one in readings}
            return [rows[at] for at in found.pop()] if len(found) == 1 else []
    return []


def column_name(header: str) -> frozenset[str]:
    """Return the words of what a column is called, without the unit in brackets: "Warranty (years)" is no year."""
    return content_words(_IN_BRACKETS.sub("", header))


def column_words(question: str) -> frozenset[str]:
    """Return the content words of a question with what the columns may be called that its adjectives tell of."""
    told = (_COLUMNS.get(_SUPERLATIVE_OF.get(word, word), "") for word in re.findall(r"[a-z]+", question.lower()))
    return content_words(question) | content_words(" ".join(told))


def named_rows(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the rows of a table that a question names by their first cells, in all their words.

    It is the best sentence's table, if the question names a column or compares, else one of which it names a column of
    several words in all of them, too. None where there is no such row.
    """
    words = content_words(question)
    for rows in _tables(sentences):
        headers = list(map(content_words, _headers(rows)[1:]))
        is_best = sentences[0] in rows and (compares(question) or any(words & header for header in headers))
        if is_best or any(len(header) > 1 and header <= words for header in headers):
            first = [(content_words(cells_of(row.text)[0]), row) for row in rows]
            named = [(cell, row) for cell, row in first if frozenset() < cell <= words]
            if named or is_best:
                return [row for cell, row in named if not any(cell < other for other, _ in named)]
    return []


def _headers(rows: Sequence[Sentence]) -> list[str]:
    """Return what stands above the columns of a table."""
    passage = rows[0].evidence.passage
    lead = structure_of(passage)[rows[0].span.start].lead
    return cells_of(passage.slice(lead)) if lead else []


def _only_best(values: Sequence[float], *, most: bool) -> int | None:
    """Return where the most or the least of values stands, None where two are as much."""
    best = (max if most else min)(values)
    return values.index(best) if values.count(best) == 1 else None


def _tables(sentences: Sequence[Sentence]) -> Iterator[list[Sentence]]:
    """Yield the rows of each table without its header and its total, the table with the most relevant row first."""
    tables: dict[object, list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        standing = sentence.standing
        if (
            standing.is_row
            and not standing.is_header
            and standing.lead
            and not _TOTAL.match(cells_of(sentence.text)[0])
        ):
            tables[sentence.evidence.passage_id, standing.lead].append(sentence)
    yield from tables.values()


def _has_condition(words: frozenset[str], rows: Sequence[Sentence]) -> bool:
    """Return whether some rows, and not all, have a word of the question: "the longest German one"."""
    return any(0 < sum(word in content_words(row.text) for row in rows) < len(rows) for word in words)


def _column(words: frozenset[str], rows: Sequence[Sentence]) -> _Column:
    """Return the one column that words name, an empty one where there is none."""
    headers = _headers(rows)
    named = [at for at, header in enumerate(headers) if at and column_name(header) & words]
    if len(named) != 1:
        return _Column("", [])
    cells = [cells_of(row.text) for row in rows]
    return _Column(headers[named[0]].strip(), [row[named[0]] if len(row) > named[0] else "" for row in cells])


def _is_told_by(column: _Column, told: str, of: str) -> bool:
    """Return whether a column has what a superlative is of: "cheapest" of prices, "the longest warranty" of warranties.

    Of a column that counts there are only most and fewest: "the largest park" is of none that counts parks.
    """
    if column.words & (_TIMES | content_words(f"{_COLUMNS.get(told, '')} {_COLUMNS.get(of.lower(), '')}")):
        return True
    counts = is_plural(_IN_BRACKETS.sub("", column.header).strip())
    return bool(column.words & content_words(of)) and (told in _OF_COUNTS or not counts)


def _is_of_unit(column: _Column, sign: str | None, unit: str | None) -> bool:
    """Return whether a column says of its numbers that they are in a unit, or count what stands for one: "3 seats"."""
    said = _UNIT.findall(f"{column.header} {column.cells[0]}")
    known = {CURRENCIES.get(word.lower(), word.lower()) for word in said}
    if sign is not None and sign not in known:
        return False
    asked = MEASURES.get((unit or "").lower()) or CURRENCIES.get((unit or "").lower())
    if asked is not None:
        return asked in known | {MEASURES.get(word.lower()) for word in said}
    return not unit or bool(content_words(unit) & content_words(" ".join(said)))


def _readings(cells: Sequence[str], *beside: str) -> list[list[float]]:
    """Return the numbers of cells, one in each and all of one unit, in each way that all of them can be read.

    Numbers `beside` them are read in the same way and come last.
    """
    readings = []
    for number, in_plain in zip(_NUMBERS, _IN_PLAIN, strict=True):
        found = [number.findall(cell) for cell in cells]
        units = {number.sub("", cell).strip() for cell in cells}
        is_one = len(units) == 1 and not _UNREAD_SIGN.search(next(iter(units)))
        if is_one and all(len(one) == 1 for one in found) and all(map(number.fullmatch, beside)):
            readings.append([float(one.translate(in_plain)) for one in [*(one[0] for one in found), *beside]])
    return readings

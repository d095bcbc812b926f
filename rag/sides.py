"""Sides: what articles say against each other, and what tells two values apart."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from index.analysis import CAPITAL
from rag.asked_values import AskedValue
from rag.clauses import MOVED
from rag.content import content_words, words_of_names
from rag.moments import OF_ANY_YEAR
from rag.quantities import Quantity
from rag.values import agree

# How old somebody was then stays as it was.
_AT_A_TIME = re.compile(r"\b(?:when|at the time)\b", re.IGNORECASE)
NAME_RUN = re.compile(rf"{CAPITAL}[\w’'.-]*(?: (?:of )?{CAPITAL}[\w’'.-]*)*")
# By train and by bus the same way takes another time and another fare.
CONVEYANCES = content_words("train bus car coach tram plane ferry boat foot bicycle road rail air sea")
# Whoever has one of these speaks of another part of the same thing.
QUALIFIERS = CONVEYANCES | content_words(
    "men women boys girls children adults urban rural domestic foreign annual monthly weekly daily quarterly yearly "
    "import imports export exports gross net average median mean maximum minimum record revenue sales profit loss "
    "losses killed injured missing arrested rescued displaced production processing refining mining reserves "
    "consumption demand north south east west northern southern eastern western primary secondary first second third "
    "half quarter summer winter old new former civilian civilians soldiers military passengers crew win wins draws "
    "father mother parents wife husband son daughter brother sister widow predecessor successor namesake sequel remake "
    "region area suburbs metropolitan district county province greater youth young elderly teenagers "
    "repair repairs repairing maintenance maintain renovation renovate restoration restore rebuild demolish partially "
    "partly fully private public indoor outdoor early late additional further extra initial initially original "
    "originally fiscal single double twin"
)


class Statement(Protocol):
    """A sentence of the evidence. Most have no value to compare, so that their dates are not looked for."""

    @property
    def text(self) -> str:
        """Its words."""

    @property
    def doc_id(self) -> str:
        """The document that says it."""

    @property
    def title(self) -> str:
        """The document's title, "" where it has none."""

    @property
    def as_of(self) -> str | None:
        """The time it speaks of, in ISO 8601, None where that is not known."""

    @property
    def published_at(self) -> str | None:
        """The day its document was published, in ISO 8601, None where that is not known."""

    @property
    def relevance(self) -> float:
        """How relevant it is to the question, in (0, 1)."""


@dataclass(frozen=True, slots=True)
class Value:
    """One side: the value as it stands in the text, its date, and the positions of the statements that say so."""

    value: str
    as_of: str | None
    statements: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Values of different documents for one thing, the most relevant first.

    They changed over time where each has a date and those that differ have different dates. `topic` names the thing
    in a phrase of the question, or else is the question itself, or the words that an affirmation and its denial share.
    """

    kind: Literal["conflict", "changed_over_time"]
    topic: str
    values: tuple[Value, ...]


class Said(NamedTuple):
    """A value of a statement: `at` is the statement's position, `covered` what of the question it is said of.

    `as_of` is the statement's time, but of a date and of what is expected the day when that was said, where known.
    """

    at: int
    statement: Statement
    value: str
    quantity: Quantity
    covered: frozenset[str]
    as_of: str | None


def said_by(asked: AskedValue, at: int, statement: Statement, one: Quantity, beside: frozenset[str]) -> Said:
    """Return a value of the statement at a position; `beside` are the question's words that are said of it besides."""
    said_on = statement.published_at if one.is_forecast or one.kind == "date" else None
    covered = asked.words & (one.context | beside)
    return Said(at, statement, statement.text[one.start : one.end], one, covered, said_on or statement.as_of)


def of_values(asked: AskedValue, first: tuple[Said, Said], same: Sequence[tuple[Said, Said]]) -> Difference:
    """Return the disagreement of two values and of all that are said of the same thing as either, given as pairs."""
    sides = {id(one): one for pair in same if pair[0] in first or pair[1] in first for one in pair}
    shown = [
        pair for pair in same if all(id(one) in sides for one in pair) and not agree(*(one.quantity for one in pair))
    ]
    is_date = first[0].quantity.kind == "date"
    kind = _kind_of_dates(shown) if is_date else kind_of_times((one.as_of, other.as_of) for one, other in shown)
    return Difference(kind, asked.phrase or f"“{asked.question}?”", _values(list(sides.values())))


def same_time(one: Said, other: Said) -> bool:
    """Return whether two values are of one time, of no stated time, or of two that the statements' dates tell apart."""
    first, second = one.quantity, other.quantity
    if first.unit == OF_ANY_YEAR:
        days = [said.statement.published_at or "" for said in (one, other)]
        return _meet(first.years, second.years) and (not all(days) or days[0][:4] == days[1][:4])
    are_same = _meet(first.years, second.years) and _meet(first.months, second.months)
    return first.kind == "date" or are_same or _apart(one.as_of, other.as_of)


def may_be_one_age(asked: AskedValue, one: Said, other: Said) -> bool:
    """Return whether two values, where they are ages, are of one year, or of an event: everybody grows older."""
    if one.quantity.kind != "age" or _AT_A_TIME.search(asked.question):
        return True
    return one.as_of is not None and other.as_of is not None and one.as_of[:4] == other.as_of[:4]


def _meet(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one & other) or not (one or other)


def places_beyond(asked: AskedValue, one: Said, other: Said) -> bool:
    """Return whether one value is said of a place that the other's statement and the question do not have."""
    places = (one.quantity.places - content_words(other.statement.text)) | (
        other.quantity.places - content_words(one.statement.text)
    )
    return bool(places - asked.words)


def titles_apart(asked: AskedValue, one: str, other: str) -> bool:
    """Return whether a question names nobody and the articles, by their titles, are about different ones."""
    names = [words_of_names(f"Of {title}") for title in (one, other)]
    return not asked.names and all(names) and not names[0] & names[1]


def _values(sides: Sequence[Said]) -> tuple[Value, ...]:
    """Return the sides, those of the same words and date as one, most relevant first."""
    grouped: dict[tuple[str, str | None], list[Said]] = {}
    for one in sorted(sides, key=by_relevance):
        grouped.setdefault((one.value.casefold(), one.as_of), []).append(one)
    return tuple(
        Value(group[0].value, as_of, tuple(dict.fromkeys(one.at for one in group)))
        for (_, as_of), group in grouped.items()
    )


def by_relevance(said: Said) -> tuple[float, str, str, int]:
    """Return the place of a value in an order by relevance, the greatest first, that is the same in every run."""
    return -said.statement.relevance, said.statement.doc_id, said.statement.text, said.quantity.start


def kind_of_times(times: Iterable[tuple[str | None, str | None]]) -> Literal["conflict", "changed_over_time"]:
    """Return whether values changed: whether of each two both have a time, and these differ."""
    return "changed_over_time" if all(_apart(one, other) for one, other in times) else "conflict"


def _kind_of_dates(pairs: Iterable[tuple[Said, Said]]) -> Literal["conflict", "changed_over_time"]:
    """Return whether dates changed: whether of each two one is told as moved, "postponed from May to June"."""
    tell = all(_is_moved(one, other) or _is_moved(other, one) for one, other in pairs)
    return "changed_over_time" if tell else "conflict"


def _is_moved(one: Said, other: Said) -> bool:
    has_other = re.search(rf"(?<!\w){re.escape(other.value)}(?!\w)", one.statement.text)
    return has_other is not None and MOVED.search(one.statement.text) is not None


def _apart(one: str | None, other: str | None) -> bool:
    return bool(one and other) and not (str(one).startswith(str(other)) or str(other).startswith(str(one)))

"""Rivalry: how alike two values are that different articles give in answer to one question."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from index.embedder import Vectors
from rag.asked_values import AskedValue
from rag.calibration import logit
from rag.content import content_words, words_of_names
from rag.quantities import Quantity
from rag.relevance import Sentence
from rag.sides import NAME_RUN
from rag.units import currencies
from rag.values import agree

# What stands for the head's match where the question names nothing that is counted.
_USUAL_MATCH = 0.7
# Beyond so much one value is behind or before another, none is more so.
_MOST = 4.0
# The most relevant sentences of all are so many.
_FIRST = 3
# Years between two dates are told in dozens, other values by the logarithm of their ratio; farther apart is as far.
_DOZEN_YEARS, _FARTHEST = 12 * 372, 3.0
_WORD = re.compile(r"[^\W_](?:[\w’'-]*\w)?")
_PEOPLE = content_words(
    "people men women workers employees residents passengers soldiers staff members visitors students citizens guests "
    "players patients crew participants jobs volunteers adults children civilians runners athletes fans spectators "
    "customers pupils teachers voters tourists travellers walkers climbers victims survivors farmers miners dockers "
    "islanders villagers locals inhabitants refugees boys girls others posts roles"
)


class RivalFeatures(NamedTuple):
    """What the probability that two values are of one thing, the one asked for, is a function of.

    Logits: `answerable` that the evidence answers, `better` and `lesser` that the sentences do; `behind` is how far, in
    logits, one of them is below what its document says best, `alone` how far above what else that says of the kind,
    both at most 4. `top` is 1 where both are what their documents say best, `first` where both sentences are among the
    three most relevant of all, else 0.

    `mentioned` is the share of the question's names in what was found of either document, the lesser one; `common` the
    logarithm of one more than the words of other names that both documents have. `another` counts the sentences that
    have another name in the place of the one that is asked about. `counted` counts the values that count what is asked
    for, by its noun, and `other_noun` those that count something else.

    `head` is the cosine of the noun that is counted to the nearest token of a sentence, the lesser one; `shared` is how
    many of the question's other words both sentences have, up to 3, `own` how many are said of either value itself, the
    lesser number; `overlap` the logarithm of one more than the words that they share and the question does not have;
    `alike` the cosine of the two sentences.

    `far` is how far the values are apart, up to 3: dates in dozens of years, others by the logarithm of their ratio;
    `date` is 1 where they are dates, `turned` where both have the same digits in another order.
    """

    answerable: float
    better: float
    lesser: float
    behind: float
    alone: float
    top: float
    first: float
    mentioned: float
    common: float
    another: float
    counted: float
    other_noun: float
    head: float
    shared: float
    own: float
    overlap: float
    alike: float
    far: float
    date: float
    turned: float


class Given(NamedTuple):
    """A value that a document gives: its sentence, where that is among them, and what it is worth beside others.

    That is the logit of the sentence's relevance, and more where the noun that is counted is the one asked for.
    """

    at: int
    sentence: Sentence
    quantity: Quantity
    worth: float

    @property
    def value(self) -> str:
        """The value as it stands in the text."""
        return self.sentence.text[self.quantity.start : self.quantity.end]


class Told:
    """What the sentences found of a document tell, most relevant first, as far as it is asked for."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._sentences = sentences

    @cached_property
    def words(self) -> frozenset[str]:
        """The content words of the sentences and their title."""
        return frozenset[str]().union(*map(words_about, self._sentences))

    @cached_property
    def names(self) -> frozenset[str]:
        """The words of the names in the sentences."""
        return frozenset[str]().union(*(words_of_names(one.text) for one in self._sentences))


class Comparison:
    """A question beside whose values two are compared; `told` has what was found of each document."""

    def __init__(
        self, question: str, asked: AskedValue, answerable: float, given: Sequence[Given], told: Mapping[str, Told]
    ) -> None:
        self._asked, self._answerable, self._given, self._told = asked, answerable, given, told
        query = given[0].sentence.evidence.reading.query
        words = [(found.span(), content_words(found[0])) for found in _WORD.finditer(question)]
        self._head = np.array(
            [
                any(asked.head in said for (start, end), said in words if start <= span.start and span.end <= end)
                for span in query.spans
            ],
            dtype=bool,
        )
        self._best: dict[str, float] = defaultdict(lambda: -math.inf)
        for one in given:
            self._best[one.sentence.doc_id] = max(self._best[one.sentence.doc_id], one.worth)

    def features(self, one: Given, other: Given) -> RivalFeatures:
        """Return the features of two values."""
        both, asked = (one, other), self._asked
        words = [content_words(given.sentence.text) for given in both]
        logits = sorted(logit(given.sentence.relevance) for given in both)
        told = [self._told[given.sentence.doc_id] for given in both]
        counted = [noun_counted(asked, given.quantity) for given in both]
        behind = max(self._best[given.sentence.doc_id] - given.worth for given in both)
        return RivalFeatures(
            answerable=logit(self._answerable),
            better=logits[1],
            lesser=logits[0],
            behind=min(behind, _MOST),
            alone=min(map(self._alone, both)),
            top=float(not behind),
            first=float(max(one.at, other.at) < _FIRST),
            mentioned=min(share(asked.names, document.words) for document in told),
            common=math.log1p(len((told[0].names & told[1].names) - asked.words)),
            another=float(sum(_names_another(asked, given.sentence) for given in both)),
            counted=float(counted.count(1)),
            other_noun=float(counted.count(-1)),
            head=min(self._head_match(given.sentence) for given in both),
            shared=min(len((asked.words & words[0] & words[1]) - asked.names), 3),
            own=float(min(len((given.quantity.own & asked.words) - asked.names) for given in both)),
            overlap=math.log1p(len((words[0] & words[1]) - asked.words)),
            alike=float(one.sentence.vector @ other.sentence.vector),
            far=_far(one.quantity, other.quantity),
            date=float(one.quantity.kind == "date"),
            turned=float(_is_turned(one.value, other.value)),
        )

    def _alone(self, one: Given) -> float:
        """Return how much more one value is worth than the best that differs from it and is of its document."""
        others = [
            given.worth
            for given in self._given
            if given.sentence.doc_id == one.sentence.doc_id
            and unit_of(given.quantity) == unit_of(one.quantity)
            and not agree(given.quantity, one.quantity)
        ]
        return min(max(one.worth - max(others, default=-math.inf), -_MOST), _MOST)

    def _head_match(self, sentence: Sentence) -> float:
        reading = sentence.evidence.reading
        nearest: Vectors = reading.nearest[reading.tokens.sentences.index(sentence.span)]
        return float(nearest[self._head].min()) if self._head.any() else _USUAL_MATCH


def unit_of(one: Quantity) -> tuple[str, str]:
    """Return what two values must have in common to be compared: the kind and the unit, but for "a year" behind it."""
    unit = one.unit.partition("/")[0]
    if one.kind == "money":
        return one.kind, min(currencies(unit))
    return one.kind, "" if one.kind == "count" else unit


def noun_counted(asked: AskedValue, one: Quantity) -> int:
    """Return 1 where a number counts what is asked for, −1 where something else, 0 where that is left open."""
    if one.kind != "count" or asked.head is None:
        return 0
    if asked.head in one.counted | {one.unit}:
        return 1
    return 0 if not one.unit or {one.unit, asked.head} <= _PEOPLE else -1


def may_count_the_same(one: Quantity, other: Quantity) -> bool:
    """Return whether two numbers may count the same things, as far as their nouns tell."""
    return (
        one.kind != "count"
        or not (one.unit and other.unit)
        or one.unit == other.unit
        or {one.unit, other.unit} <= _PEOPLE
    )


def share(names: frozenset[str], words: frozenset[str]) -> float:
    """Return how many of the names are among words, as a share; 1 where there are none."""
    return len(names & words) / len(names) if names else 1.0


def words_about(sentence: Sentence) -> frozenset[str]:
    """Return the content words of a sentence and its title."""
    return content_words(f"{sentence.text} {sentence.title}")


def _names_another(asked: AskedValue, sentence: Sentence) -> bool:
    """Return whether a sentence names another of the kind and not the one asked about: Mount Dole for Mount Asper."""
    runs = (content_words(run) for run in NAME_RUN.findall(sentence.text))
    others = any(run & asked.names and run - asked.names - content_words(sentence.title) for run in runs)
    return others and not asked.names <= content_words(sentence.text)


def _far(one: Quantity, other: Quantity) -> float:
    if one.kind == "date":
        return min(abs(one.low - other.low) / _DOZEN_YEARS, _FARTHEST)
    low, high = sorted((abs(one.low), abs(other.low)))
    return min(math.log(high / low), _FARTHEST) if low else _FARTHEST


def _is_turned(one: str, other: str) -> bool:
    """Return whether two values have the same digits in another order: 1,146 and 1,416."""
    first, second = ([character for character in value if character.isdigit()] for value in (one, other))
    return first != second and sorted(first) == sorted(second)

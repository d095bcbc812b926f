"""Rivals: values that different articles give in answer to one question, each in words of its own.

Where two articles say a thing in the same words, `rag/disagreement.py` reads what each value is of. Most say it in
other words, of "it" or "the bridge": then the question tells what a value is of, and how well the sentence answers it.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from index.embedder import Vectors
from rag.asked_values import AskedValue, read_asked
from rag.calibration import fitted, logit
from rag.content import content_words
from rag.dates import as_of
from rag.quantities import Quantity, read_quantities
from rag.relevance import Sentence
from rag.sides import NAME_RUN, Difference, Said, of_values, places_beyond, said_by, same_time, titles_apart
from rag.values import agree, has_number

# A sentence less relevant than this answers nothing; beyond so many sentences none is looked for.
LEAST_RELEVANCE, LOOKED_THROUGH = 0.02, 40
# From this probability on, two values are shown to one who asks whether the articles agree.
WHERE_ASKED = 0.3
# So many different values of a document are looked at.
_VALUES_EACH = 3
# A token of the question is heavy where it counts half as much as the heaviest.
_HEAVY_SHARE = 0.5
# What stands for a match where the question has no such token.
_USUAL_MATCH = 0.7
# Years between two dates are told in dozens, other values by the logarithm of their ratio; farther apart is as far.
_DOZEN_YEARS, _FARTHEST = 12 * 372, 3.0
# What is "more than" a value is so much more at most.
_LOOSELY = 1.5
_YEAR_AFTER = re.compile(r" (?:in|at the end of|by) ((?:1\d|20)\d\d)\b")
_PAST = re.compile(r"\b(?:was|were|did|had)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_](?:[\w’'-]*\w)?")
_PEOPLE = content_words(
    "people men women workers employees residents passengers soldiers staff members visitors students citizens guests "
    "players patients crew participants jobs"
)
# Whoever has one of these with a value speaks of another part of the same thing.
_PARTS = content_words(
    "half quarter first second third fourth metropolitan district region area suburbs county province highest lowest "
    "record annual monthly weekly daily gross net operating return single double male female men women adult fiscal"
)


class RivalFeatures(NamedTuple):
    """What the probability that two values are of one thing, the one asked for, is a function of.

    Logits: `answerable` that the evidence answers, `better` and `lesser` that the sentences do; `behind` is how far, in
    logits, one of them is below what its document says best. `length` is the logarithm of one more than the content
    words of both.

    `named` is 1 where both sentences or their titles have the names of the question, else 0. Cosines of the question's
    tokens to the nearest in a sentence, the lesser of both: `least` of the heaviest but names, `head` of the noun that
    is counted. `shared` is how many of the question's other words both have, up to 3.

    `far` is how far the values are apart, up to 3: dates in dozens of years, others by the logarithm of their ratio;
    `turned` is 1 where both have the same digits in another order, `date` where they are dates.
    """

    answerable: float
    better: float
    lesser: float
    behind: float
    length: float
    named: float
    least: float
    head: float
    shared: float
    far: float
    turned: float
    date: float


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


class Rival(NamedTuple):
    """Two values of different documents that cannot both be true of one thing."""

    features: RivalFeatures
    one: Given
    other: Given


def find_rivals(
    question: str, sentences: Sequence[Sentence], answerable: float, least: float | None = None
) -> Difference | None:
    """Return the values that articles most probably give for what a question asks, None where none is likely enough.

    The sentences are given most relevant first; `answerable` is the probability in [0, 1] that they answer, and `least`
    the one from which on two values are rivals, the fitted threshold where it is None.
    """
    rivals, asked = fitted("rivals"), read_asked(question)
    rated = [(rivals.probability(one.features), one) for one in read_rivals(question, sentences, answerable)]
    least = rivals.threshold if least is None else least
    likely = [(one, other) for probability, (_, one, other) in rated if probability >= least]
    if not likely:
        return None
    best = max(rated, key=lambda one: one[0])[1]
    said = {id(one): _said(asked, one) for pair in likely for one in pair}
    pairs = [(said[id(one)], said[id(other)]) for one, other in likely]
    return of_values(asked, (said[id(best.one)], said[id(best.other)]), pairs)


def read_rivals(question: str, sentences: Sequence[Sentence], answerable: float) -> list[Rival]:
    """Return all pairs of differing values of the kind that a question asks for, each with its features.

    Left out is what anything said with the values tells apart.
    """
    asked = read_asked(question)
    given = list(_given(asked, _of_whom_is_asked(asked, sentences))) if asked.kinds else []
    if not given:
        return []
    reading = _Question(question, asked, answerable, given)
    texts: dict[str, str] = defaultdict(str)
    for sentence in sentences:
        texts[sentence.doc_id] += f"{sentence.text}\n"
    return [
        Rival(reading.features(one, other), one, other)
        for one, other in combinations(given, 2)
        if one.sentence.doc_id != other.sentence.doc_id
        and _unit(one.quantity) == _unit(other.quantity)
        and not _may_agree(one.quantity, other.quantity)
        and not (_gives(given, one.sentence.doc_id, other) or _gives(given, other.sentence.doc_id, one))
        and not (_is_told_in(texts[one.sentence.doc_id], other) or _is_told_in(texts[other.sentence.doc_id], one))
        and not _are_told_apart(asked, one, other)
    ]


def _of_whom_is_asked(asked: AskedValue, sentences: Sequence[Sentence]) -> list[tuple[int, Sentence]]:
    """Return the sentences that may answer, and where they are, of documents that have the question's names.

    A number of a name ("line 5") is in the sentence itself or in its title.
    """
    words: dict[str, frozenset[str]] = defaultdict(frozenset)
    for sentence in sentences:
        words[sentence.doc_id] |= _words_about(sentence)
    relevant = [(at, one) for at, one in enumerate(sentences[:LOOKED_THROUGH]) if one.relevance >= LEAST_RELEVANCE]
    return [
        (at, one)
        for at, one in relevant
        if asked.names <= words[one.doc_id]
        and asked.numbers.keys() <= _words_about(one)
        and not _of_another(asked, one)
    ]


def _of_another(asked: AskedValue, sentence: Sentence) -> bool:
    """Return whether a sentence names another of the kind and not the one asked about: Mount Dole for Mount Asper."""
    runs = (content_words(run) for run in NAME_RUN.findall(sentence.text))
    others = any(run & asked.names and run - asked.names - content_words(sentence.title) for run in runs)
    return others and not asked.names <= content_words(sentence.text)


def _given(asked: AskedValue, sentences: Iterable[tuple[int, Sentence]]) -> Iterator[Given]:
    """Yield the values that each document gives, the best of each."""
    of_documents: dict[str, list[Given]] = defaultdict(list)
    for at, sentence in sentences:
        values = [one for one in read_quantities(sentence.text) if _may_be_asked_for(asked, one, sentence.text)]
        # Of several values of one kind in a sentence nobody knows which is the one asked for.
        alone = (one for one in values if all(agree(one, other) for other in values if _unit(one) == _unit(other)))
        for one in alone:
            given = Given(at, sentence, one, logit(sentence.relevance) + _noun(asked, one))
            of_documents[sentence.doc_id].append(given)
    for found in of_documents.values():
        best: dict[object, Given] = {}
        for given in sorted(found, key=lambda one: (-one.worth, one.at, one.quantity.start)):
            best.setdefault((_unit(given.quantity), given.quantity.low, given.quantity.high), given)
        yield from list(best.values())[:_VALUES_EACH]


def _may_be_asked_for(asked: AskedValue, one: Quantity, text: str) -> bool:
    """Return whether a value is of the kind, the noun and the unit asked for, and of no other years."""
    if one.kind not in asked.kinds or _noun(asked, one) < 0:
        return False
    if one.kind == "measure" and asked.units and one.unit not in asked.units:
        return False
    after = _YEAR_AFTER.match(text, one.end)
    if after and asked.years and after[1] not in asked.years:
        return False
    return one.kind == "date" or not (asked.years and one.years) or bool(asked.years & one.years)


def _are_told_apart(asked: AskedValue, one: Given, other: Given) -> bool:
    """Return whether anything that is said with two values tells them apart.

    That is a time, another place or name, a part of the whole, a plan, or what the articles are about.
    """
    first, second = one.quantity, other.quantity
    said = [said_by(asked, given.at, given.sentence, given.quantity, frozenset()) for given in (one, other)]
    parts = (first.own ^ second.own) & _PARTS
    planned = not asked.is_forecast and first.is_forecast is not second.is_forecast
    names = [a.quantity.names - asked.words - _words_about(b.sentence) for a, b in ((one, other), (other, one))]
    return (
        bool(parts - asked.words)
        or planned
        or all(names)
        or not same_time(*said)
        or places_beyond(asked, *said)
        or titles_apart(asked, one.sentence.title, other.sentence.title)
    )


def _gives(given: Sequence[Given], doc_id: str, value: Given) -> bool:
    """Return whether a document gives a value that agrees with another's."""
    return any(
        one.sentence.doc_id == doc_id
        and _unit(one.quantity) == _unit(value.quantity)
        and agree(one.quantity, value.quantity)
        for one in given
    )


def _is_told_in(text: str, value: Given) -> bool:
    return value.quantity.kind not in ("date", "time") and has_number(text, value.value)


def _may_agree(one: Quantity, other: Quantity) -> bool:
    """Return whether two values may both be true: "more than 300" may be said of 340."""
    low, high = sorted((one, other), key=lambda quantity: quantity.low)
    loose = low.bound in ("over", "least") or high.bound in ("under", "most")
    return agree(one, other) or (loose and low.bound != high.bound and high.low <= _LOOSELY * low.high)


def _noun(asked: AskedValue, one: Quantity) -> int:
    """Return 1 where a number counts what is asked for, −1 where something else, 0 where that is left open."""
    if one.kind != "count" or asked.head is None:
        return 0
    if asked.head in one.counted | {one.unit}:
        return 1
    return 0 if not one.unit or {one.unit, asked.head} <= _PEOPLE else -1


def _words_about(sentence: Sentence) -> frozenset[str]:
    return content_words(f"{sentence.text} {sentence.title}")


def _unit(one: Quantity) -> tuple[str, str]:
    return one.kind, "" if one.kind == "count" else one.unit


class _Question:
    """A question beside whose values two are compared."""

    def __init__(self, text: str, asked: AskedValue, answerable: float, given: Sequence[Given]) -> None:
        self._asked, self._answerable, self._given = asked, answerable, given
        query = given[0].sentence.evidence.reading.query
        words = [(found.span(), content_words(found[0])) for found in _WORD.finditer(text)]
        own = [
            frozenset[str]().union(*(said for (start, end), said in words if start <= span.start and span.end <= end))
            for span in query.spans
        ]
        weights = np.where([bool(said & asked.names) for said in own], 0, query.weights)
        self._heavy = (weights > 0) & (weights >= _HEAVY_SHARE * weights.max(initial=0))
        self._head = np.array([asked.head in said for said in own], dtype=bool)
        self._best: dict[str, float] = defaultdict(lambda: -math.inf)
        for one in given:
            self._best[one.sentence.doc_id] = max(self._best[one.sentence.doc_id], one.worth)

    def features(self, one: Given, other: Given) -> RivalFeatures:
        """Return the features of two values."""
        both = (one, other)
        words = [content_words(given.sentence.text) for given in both]
        logits = sorted(logit(given.sentence.relevance) for given in both)
        nearest = [_nearest(given.sentence) for given in both]
        asked = self._asked
        return RivalFeatures(
            answerable=logit(self._answerable),
            better=logits[1],
            lesser=logits[0],
            behind=min(max(self._best[given.sentence.doc_id] - given.worth for given in both), 4.0),
            length=math.log1p(sum(map(len, words))),
            named=float(all(asked.names <= _words_about(given.sentence) for given in both)),
            least=min(_least(row[self._heavy]) for row in nearest),
            head=min(_least(row[self._head]) for row in nearest),
            shared=min(len((asked.words & words[0] & words[1]) - asked.names), 3),
            far=_far(one.quantity, other.quantity),
            turned=float(_is_turned(one.value, other.value)),
            date=float(one.quantity.kind == "date"),
        )


def _nearest(sentence: Sentence) -> Vectors:
    """Return the cosine of each of the question's tokens to the nearest of a sentence, shape `(n,)`."""
    reading = sentence.evidence.reading
    row: Vectors = reading.nearest[reading.tokens.sentences.index(sentence.span)]
    return row


def _least(cosines: Vectors) -> float:
    return float(cosines.min(initial=1.0)) if len(cosines) else _USUAL_MATCH


def _far(one: Quantity, other: Quantity) -> float:
    if one.kind == "date":
        return min(abs(one.low - other.low) / _DOZEN_YEARS, _FARTHEST)
    low, high = sorted((abs(one.low), abs(other.low)))
    return min(math.log(high / low), _FARTHEST) if low else _FARTHEST


def _is_turned(one: str, other: str) -> bool:
    """Return whether two values have the same digits in another order: 1,146 and 1,416."""
    first, second = ([character for character in value if character.isdigit()] for value in (one, other))
    return first != second and sorted(first) == sorted(second)


def _said(asked: AskedValue, given: Given) -> Said:
    """Return a value as it is said; when its article was published tells only of what goes on changing."""
    said = said_by(asked, given.at, given.sentence, given.quantity, frozenset())
    lasts = given.quantity.kind == "measure" or _PAST.search(asked.question)
    return said._replace(as_of=as_of(given.sentence.text, given.sentence.published_at)) if lasts else said

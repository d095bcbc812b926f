"""Relevance: how well each sentence of the evidence answers the question."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from index.analysis import words_of
from index.document import Span
from index.embedder import Vectors
from rag.answer_type import MEASURE_WEIGHT, AnswerType, answer_type, holds, measure_asked
from rag.calibration import fitted
from rag.dates import TimeAsked, as_of, fits, periods_in, time_asked
from rag.evidence import Evidence

# How a sentence says that something came before an event, or after it.
_CUES = {
    "before": re.compile(r"\b(?:before|ahead of|prior to|led (?:up )?to|leading up to|run-up|until)\b", re.IGNORECASE),
    "after": re.compile(r"\b(?:after|since|following|in the wake of|resulted in|result of|outcome)\b", re.IGNORECASE),
}


class SentenceFeatures(NamedTuple):
    """What a sentence's relevance is a function of.

    `passage` is its passage's match and `cosine` its passage's cosine; `match` is its own, `gap` how far that is below
    the best sentence's. `coverage` is the share of the question's words, by inverse document frequency, in the
    sentence, `in_context` with its title and headings. `number`, `date` and `name` are 0 but for the one that the
    question asks for: that is 1 where the sentence holds such a thing, −1 where it does not. `time` is 1 where it
    speaks of the time asked for, −1 where of another, between them where in part, 0 where either names none; of an
    event, 1 where it names it, 0 where its passage does, −1 where neither does or where it says the opposite of what is
    asked (before, after). `length` is the logarithm of one more
    than its words.
    """

    passage: float
    cosine: float
    match: float
    gap: float
    coverage: float
    in_context: float
    number: float
    date: float
    name: float
    time: float
    length: float


class FoundFeatures(NamedTuple):
    """What the relevance of a sentence that the reader has read is a function of.

    `relevance` is the logit of what it is without the reader. `begins` is the logarithm of the probability that an
    answer begins in it, and a little more; `answers` the logit of its passage's having an answer. `rank` is minus the
    logarithm of its passage's rank.
    """

    relevance: float
    begins: float
    answers: float
    rank: float


# What the probability that an answer begins in a sentence is at least taken for.
_LITTLE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence of the evidence, its words as they are indexed, and the probability in (0, 1) that it answers.

    That follows from `features` alone, or where the reader has read its passage, from `found`.
    """

    evidence: Evidence
    span: Span
    words: frozenset[str]
    features: SentenceFeatures
    found: FoundFeatures | None
    relevance: float

    @property
    def text(self) -> str:
        """The sentence as it stands in the document."""
        return self.evidence.passage.slice(self.span)

    @property
    def answer(self) -> Span | None:
        """The characters in it that answer, None where the reader finds none in its passage or has not read it."""
        found = self.evidence.found
        place = found.places.get(self.span) if found and found.no_answer <= 0 else None
        return place.span if place else None

    @property
    def as_of(self) -> str | None:
        """The time that the sentence speaks of, in ISO 8601, None where it names none."""
        return as_of(self.text, self.evidence.passage.metadata.published_at)

    @property
    def as_of_or_published(self) -> str | None:
        """The same, or where it names none, the day its article was published."""
        published_at = self.evidence.passage.metadata.published_at
        return self.as_of or (published_at[:10] if published_at else None)

    @property
    def vector(self) -> Vectors:
        """The mean of its tokens' vectors at unit length, shape `(token_dimension,)`."""
        return self.evidence.sentence_vector(self.span)


def read_sentences(question: str, evidence: Sequence[Evidence], idfs: Mapping[str, float]) -> list[Sentence]:
    """Return the sentences of the evidence, most relevant first; `idfs` are those of the question's words."""
    best = max((item.reading.best_sentence for item in evidence), default=0.0)
    asked_words = words_of(question)
    time = _dated(time_asked(question), evidence)
    idfs = _by_measure(question, idfs)
    asked_for = answer_type(question)
    found = []
    for rank, item in enumerate(evidence, start=1):
        context = context_words(item)
        for sentence in item.sentences:
            text = item.passage.slice(sentence.span)
            words = words_of(text)
            features = SentenceFeatures(
                passage=item.reading.match,
                cosine=item.cosine,
                match=sentence.match,
                gap=sentence.match - best,
                coverage=coverage(words, idfs),
                in_context=coverage(words | context, idfs),
                **{kind: _held(kind, asked_for, text, asked_words) for kind in AnswerType},
                time=_time(text, item, time),
                length=math.log1p(len(words)),
            )
            relevance = fitted("relevance").probability(features._asdict())
            by_reader = _by_reader(relevance, item, sentence.span, rank)
            if by_reader:
                relevance = fitted("found").probability(by_reader._asdict())
            found.append(Sentence(item, sentence.span, words, features, by_reader, relevance))
    return sorted(found, key=lambda one: (-one.relevance, one.evidence.passage_id, one.span.start))


def coverage(words: frozenset[str], idfs: Mapping[str, float]) -> float:
    """Return the share of the question's words that are among `words`, each by its inverse document frequency."""
    total = sum(idfs.values())
    return sum(idf for word, idf in idfs.items() if word in words) / total if total else 0.0


def context_words(item: Evidence) -> frozenset[str]:
    """Return the words of a passage's title and headings."""
    return words_of(f"{item.passage.metadata.title or ''} {item.passage.heading}")


def _by_reader(relevance: float, item: Evidence, span: Span, rank: int) -> FoundFeatures | None:
    """Return what the reader says of a sentence beside its own relevance, None where it has not read the sentence."""
    if item.found is None or (place := item.found.places.get(span)) is None:
        return None
    return FoundFeatures(
        relevance=math.log(relevance / (1 - relevance)),
        begins=math.log(place.begins + _LITTLE),
        answers=-item.found.no_answer,
        rank=-math.log(rank),
    )


def _by_measure(question: str, idfs: Mapping[str, float]) -> dict[str, float]:
    measure = measure_asked(question)
    words = words_of(measure.of(question)) if measure else frozenset()
    return {word: idf * (MEASURE_WEIGHT if word in words else 1) for word, idf in idfs.items()}


def _held(kind: AnswerType, asked_for: AnswerType | None, text: str, asked_words: frozenset[str]) -> float:
    if kind is not asked_for:
        return 0.0
    return 1.0 if holds(kind, text, asked_words) else -1.0


def _dated(asked: TimeAsked | None, evidence: Sequence[Evidence]) -> TimeAsked | None:
    """Return what a question asks of time, an event with the first period that a sentence gives it."""
    if asked is None or asked.event is None:
        return asked
    event = words_of(asked.event)
    for item in evidence:
        for span, _ in item.sentences:
            text = item.passage.slice(span)
            named = periods_in(text, item.passage.metadata.published_at) if event <= words_of(text) else []
            if named:
                return replace(asked, period=named[0])
    return asked


def _time(text: str, item: Evidence, asked: TimeAsked | None) -> float:
    if asked is None:
        return 0.0
    fit = fits(asked, periods_in(text, item.passage.metadata.published_at)) if asked.period else None
    if asked.event is not None and fit in (None, 0.5):
        return _of_event(text, item, asked.event, asked.relation)
    return 0.0 if fit is None else 2 * fit - 1


def _of_event(text: str, item: Evidence, event: str, relation: str) -> float:
    words = words_of(event)
    if words <= words_of(text):
        said = {which for which, cue in _CUES.items() if cue.search(text)}
        return 1.0 if not said or relation in said else -1.0
    return 0.0 if words <= words_of(item.passage.text) else -1.0

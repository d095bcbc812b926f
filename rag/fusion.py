"""Fusion: one ranking out of vectors, words and tokens, with more than one document in it."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from index.vectors import Near
from rag.evidence import Reading

Scores = npt.NDArray[np.float64]

# So many of the best are read token by token: the best by cosine and overlap, in these shares.
READ = 40
_COSINE_SHARE, _OVERLAP_SHARE = 0.6, 0.4
# This share of all that were found, the most promising, makes the scales of a ranking.
MOST_PROMISING = 0.75
# More than the greatest promise, so that what was not read has a score below 0, and what was read one above.
_BEYOND = 1.5
# What a passage keeps of its score for each better one from its own document: where two are about as good, the reader
# has more from a second source than from more of the first.
REPEAT_SHARE = 0.96


@dataclass(frozen=True, slots=True)
class Weights:
    """What each kind of evidence counts in a score; they add up to 1."""

    vector: float = 0.20
    overlap: float = 0.10
    bm25: float = 0.15
    tokens: float = 0.40
    sentence: float = 0.15


_STRENGTH = Weights()
# A ranking in which nothing bears on the query keeps its order.
_LEAST_SCALE = 0.01


class Candidate(NamedTuple):
    """A passage that may be in the ranking: its cosine to the query, the overlap of its words and their BM25 score.

    `promise` is what the first two make of it; it is comparable between queries.
    """

    passage_no: int
    doc_no: int
    cosine: float
    overlap: float
    bm25: float
    promise: float


class Ranked(NamedTuple):
    """A candidate as it was read, and the score that it is ranked by, higher-better."""

    candidate: Candidate
    reading: Reading
    score: float

    @property
    def strength(self) -> float:
        """How well it bears on the query, all evidence on scales that are the same for every query, in [-1, 1]."""
        return strength(self.candidate, self.reading)


def strength(candidate: Candidate, reading: Reading) -> float:
    """Return how well a candidate bears on the query, comparable between queries, in [-1, 1]."""
    by_words = _STRENGTH.vector * candidate.cosine + (_STRENGTH.overlap + _STRENGTH.bm25) * candidate.overlap
    return by_words + _STRENGTH.tokens * reading.match + _STRENGTH.sentence * reading.best_sentence


def candidates_of(near: Sequence[Near], overlaps: Mapping[int, float], bm25: Mapping[int, float]) -> list[Candidate]:
    """Return the candidates by their promise, best first; equal ones in the order of their numbers.

    `overlaps` has the share of the query's words in each passage that has any, `bm25` the scores of the best of the
    word search, both by passage number.
    """
    found = []
    for passage_no, doc_no, cosine in near:
        overlap = overlaps.get(passage_no, 0.0)
        promise = _COSINE_SHARE * cosine + _OVERLAP_SHARE * overlap
        found.append(Candidate(passage_no, doc_no, cosine, overlap, bm25.get(passage_no, 0.0), promise))
    return sorted(found, key=lambda one: (-one.promise, one.passage_no))


def scale_of(found: int) -> int:
    """Return how many of the candidates that were found, the most promising, make the scales of a ranking.

    Among few passages all are read, and those that are like none of the others would make the scales.
    """
    return math.ceil(MOST_PROMISING * found)


def fused(candidates: Sequence[Candidate], readings: Sequence[Reading], weights: Weights, scale: int) -> list[Ranked]:
    """Return the candidates, given by their promise, ranked by the convex combination of all evidence.

    Each kind is stretched to [0, 1] first, from the least of as many as `scale` of the first candidates to the greatest
    of all (Bruch et al. 2023, https://arxiv.org/abs/2210.11934): what a long question shares with all of them tells
    none of them apart. All are then scaled by the greatest strength, so that where nothing bears on the query no score
    is near 1.
    """
    strongest = max(map(strength, candidates, readings), default=0.0)
    scores = max(strongest, _LEAST_SCALE) * (
        weights.vector * _stretched([one.cosine for one in candidates], scale)
        + weights.overlap * _stretched([one.overlap for one in candidates], scale)
        + weights.bm25 * _stretched([one.bm25 for one in candidates], scale)
        + weights.tokens * _stretched([one.match for one in readings], scale)
        + weights.sentence * _stretched([one.best_sentence for one in readings], scale)
    )
    return in_order(map(Ranked, candidates, readings, scores.tolist()))


def _stretched(values: Sequence[float], scale: int) -> Scores:
    """Return the values on a scale from 0 for the least of the first ones, as many as `scale`, to 1 for the greatest.

    What is less is 0, and all that are not less are 1 where none is greater.
    """
    array = np.array(values, dtype=np.float64)
    least = array[:scale].min(initial=np.inf)
    width = array.max(initial=-np.inf) - least
    return np.maximum((array - least) / width, 0.0) if width > 0 else np.where(array < least, 0.0, 1.0)


def followed(ranking: Sequence[Ranked], candidates: Sequence[Candidate], readings: Sequence[Reading]) -> list[Ranked]:
    """Return a ranking followed by candidates that come after it in the order they have, at promises below 0."""
    rest = (Ranked(one, reading, one.promise - _BEYOND) for one, reading in zip(candidates, readings, strict=True))
    return [*ranking, *rest]


def diversified(ranking: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking in which each passage's score shrinks with the better ones of its document.

    A document's best passage keeps its score, so the order of the documents does not change.
    """
    better: Counter[int] = Counter()
    weighed = []
    for one in ranking:
        share = REPEAT_SHARE ** better[one.candidate.doc_no]
        weighed.append(Ranked(one.candidate, one.reading, one.score * share if one.score > 0 else one.score))
        better[one.candidate.doc_no] += 1
    return in_order(weighed)


def in_order(ranked: Iterable[Ranked]) -> list[Ranked]:
    """Return the candidates by their scores, best first; ties in the order of their passage ids."""
    return sorted(ranked, key=lambda one: (-one.score, one.reading.passage_id))

"""Fusion: one ranking out of vectors, words and tokens, with more than one document in it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from index.vectors import Near
from rag.evidence import Reading

# So many of the best by vectors and words are read token by token.
READ = 30
# What a passage keeps of its score for each better one from its own document: where two are about as good, the reader
# has more from a second source than from more of the first.
REPEAT_SHARE = 0.98


@dataclass(frozen=True, slots=True)
class Weights:
    """What each kind of evidence counts in a score; they add up to 1, and so a score is in [-1, 1], about."""

    vector: float = 0.21
    words: float = 0.14
    tokens: float = 0.50
    sentence: float = 0.15


class Candidate(NamedTuple):
    """A passage that may be in the ranking: its cosine to the query, the overlap of its words, and what both make."""

    passage_no: int
    doc_no: int
    cosine: float
    overlap: float
    score: float


class Ranked(NamedTuple):
    """A candidate as it was read, and the score that it is ranked by, higher-better."""

    candidate: Candidate
    reading: Reading
    score: float


def candidates_of(near: Sequence[Near], overlaps: Mapping[int, float], weights: Weights) -> list[Candidate]:
    """Return the candidates by the convex combination of cosine and overlap, best first.

    This is the fusion of Bruch et al. 2023, https://arxiv.org/abs/2210.11934, with each score on a scale of its own
    that is the same for all queries. `overlaps` has the share of the query's words in each passage that has any, by
    passage number. Equal scores stand in the order of their numbers.
    """
    found = []
    for passage_no, doc_no, cosine in near:
        overlap = overlaps.get(passage_no, 0.0)
        score = weights.vector * cosine + weights.words * overlap
        found.append(Candidate(passage_no, doc_no, cosine, overlap, score))
    return sorted(found, key=lambda one: (-one.score, one.passage_no))


def fused(candidates: Sequence[Candidate], readings: Sequence[Reading], weights: Weights) -> list[Ranked]:
    """Return the candidates ranked by what reading them token by token adds to their scores."""
    return in_order(
        Ranked(
            candidate,
            reading,
            candidate.score + weights.tokens * reading.match + weights.sentence * reading.best_sentence,
        )
        for candidate, reading in zip(candidates, readings, strict=True)
    )


def followed(ranking: Sequence[Ranked], candidates: Sequence[Candidate], readings: Sequence[Reading]) -> list[Ranked]:
    """Return a ranking followed by candidates that come after it in the order they have, whatever their scores."""
    last = ranking[-1].score if ranking else 0.0
    rest = (Ranked(one, reading, min(one.score, last)) for one, reading in zip(candidates, readings, strict=True))
    return [*ranking, *rest]


def diversified(ranking: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking in which each passage's score shrinks with the better ones of its document.

    A document's best passage keeps its score, so the order of the documents does not change.
    """
    better: Counter[int] = Counter()
    weighed = []
    for one in ranking:
        share = REPEAT_SHARE ** better[one.candidate.doc_no]
        weighed.append(one._replace(score=one.score * share if one.score > 0 else one.score))
        better[one.candidate.doc_no] += 1
    return in_order(weighed)


def in_order(ranked: Iterable[Ranked]) -> list[Ranked]:
    """Return the candidates by their scores, best first; ties in the order of their passage ids."""
    return sorted(ranked, key=lambda one: (-one.score, one.reading.passage_id))

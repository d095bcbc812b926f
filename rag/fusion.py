"""Fusion: one ranking out of the likeness of vectors and the overlap of words, with more than one document in it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rag.evidence import Candidate, Ranked

# The share of the vectors in the fused score; the rest is the words'.
VECTOR_WEIGHT = 0.6
# What a passage keeps of its score for each better one from its own document: where two are about as good, the reader
# has more from a second source than from more of the first.
REPEAT_SHARE = 0.98


def fused(
    candidates: Sequence[Candidate], overlaps: Mapping[int, float], vector_weight: float = VECTOR_WEIGHT
) -> list[Ranked]:
    """Return the candidates ranked by the convex combination of likeness and overlap.

    This is the fusion of Bruch et al. 2023, https://arxiv.org/abs/2210.11934, with each score on a scale of its own
    that is the same for all queries. `overlaps` has the share of the query's words in each passage that has any, by
    passage number. Equal scores stand in the order of their passage ids.
    """
    return in_order(
        Ranked(
            candidate,
            vector_weight * candidate.likeness + (1 - vector_weight) * overlaps.get(candidate.passage_no, 0.0),
        )
        for candidate in candidates
    )


def diversified(ranking: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking in which each passage's score shrinks with the better ones of its document.

    A document's best passage keeps its score, so the order of the documents does not change.
    """
    better: Counter[str] = Counter()
    weighed = []
    for candidate, score in ranking:
        share = REPEAT_SHARE ** better[candidate.doc_id]
        weighed.append(Ranked(candidate, score * share if score > 0 else score))
        better[candidate.doc_id] += 1
    return in_order(weighed)


def in_order(ranked: Iterable[Ranked]) -> list[Ranked]:
    """Return the candidates by their scores, best first; ties in the order of their passage ids."""
    return sorted(ranked, key=lambda one: (-one.score, one.candidate.passage_id))

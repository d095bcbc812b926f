"""Fusion: one ranking out of the likeness of vectors and the overlap of words, with more than one document in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.evidence import Evidence

# The share of the vectors in the fused score; the rest is the words'.
VECTOR_WEIGHT = 0.6
# What a passage keeps of its score for each better one from its own document: where two are about as good, the reader
# has more from a second source than from more of the first.
REPEAT_SHARE = 0.98


def fused(
    evidence: Sequence[Evidence], overlaps: Mapping[int, float], vector_weight: float = VECTOR_WEIGHT
) -> list[Evidence]:
    """Return the candidates ranked by the convex combination of both scores.

    This is the fusion of Bruch et al. 2023, https://arxiv.org/abs/2210.11934, with each score on a scale of its own
    that is the same for all queries. `overlaps` has the share of the query's words in each passage that has any, by
    passage number. Equal scores stand in the order of their passage ids.
    """

    def score(item: Evidence) -> float:
        return vector_weight * item.likeness + (1 - vector_weight) * overlaps.get(item.passage.passage_no, 0.0)

    return ranked([replace(item, score=score(item)) for item in evidence])


def diversified(ranking: Sequence[Evidence]) -> list[Evidence]:
    """Return a ranking in which each passage's score shrinks with the better ones of its document.

    A document's best passage keeps its score, so the order of the documents does not change.
    """
    better: Counter[str] = Counter()
    weighed = []
    for item in ranking:
        share = REPEAT_SHARE ** better[item.passage.doc_id]
        weighed.append(replace(item, score=item.score * share if item.score > 0 else item.score))
        better[item.passage.doc_id] += 1
    return ranked(weighed)


def ranked(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the passages by their scores, best first; ties in the order of their passage ids."""
    return sorted(evidence, key=lambda item: (-item.score, item.passage_id))

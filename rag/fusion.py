"""Fusion: one ranking out of the likeness of vectors and the matching of words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.evidence import Evidence

# The share of the vectors in the fused score; the rest is the words'.
VECTOR_WEIGHT = 0.6


def fused(
    evidence: Sequence[Evidence], words: Mapping[int, float], vector_weight: float = VECTOR_WEIGHT
) -> list[Evidence]:
    """Return the candidates ranked by the convex combination of both scores, each brought to [0, 1] over them.

    `words` has the BM25 scores of the passages that matched any word, by passage number. Likenesses are scaled between
    their least and their greatest, BM25 scores between 0, which no match has, and their greatest (Bruch et al. 2023,
    https://arxiv.org/abs/2210.11934). Equal scores stand in the order of their passage ids.
    """
    if not evidence:
        return []
    likenesses = [item.likeness for item in evidence]
    least, greatest = min(likenesses), max(likenesses)
    most_words = max(words.values(), default=0.0)

    def score(item: Evidence) -> float:
        likeness = (item.likeness - least) / (greatest - least) if greatest > least else 1.0
        matching = words.get(item.passage.passage_no, 0.0) / most_words if most_words > 0 else 0.0
        return vector_weight * likeness + (1 - vector_weight) * matching

    scored = [replace(item, score=score(item)) for item in evidence]
    return sorted(scored, key=lambda item: (-item.score, item.passage_id))

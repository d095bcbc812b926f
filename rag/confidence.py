"""Confidence: the calibrated probability that what is quoted holds the answer."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from rag.calibration import fitted, logit
from rag.citation import Citation
from rag.relevance import Sentence, alone


class ConfidenceFeatures(NamedTuple):
    """What the probability is a function of.

    Logits of probabilities: `answerable` that the evidence answers at all, `cited` that one of the sentences that are
    cited does, as if they did so independently, `left_out` that the most relevant of the others does. `alone` is how
    much of the relevance of the passages' best sentences is the best one's, those aside that are cited too: where
    others sound like an answer, what is quoted is it less often.
    """

    answerable: float
    cited: float
    left_out: float
    alone: float


def read_confidence(
    answerable: float, sentences: Sequence[Sentence], citations: Sequence[Citation] = ()
) -> ConfidenceFeatures:
    """Return the features of an answer that cites some of the sentences, at least one, given most relevant first.

    Where none is cited, that is the best one. `answerable` is the probability in [0, 1] that the evidence answers.
    """
    cited = [one for one in sentences if _is_cited(one, citations)] or [sentences[0]]
    keys, said = {one.key for one in cited}, {one.words for one in cited}
    none_answers = math.prod(1 - one.relevance for one in cited)
    left_out = next((one.relevance for one in sentences if one.key not in keys and one.words not in said), 0.0)
    return ConfidenceFeatures(logit(answerable), logit(1 - none_answers), logit(left_out), alone(sentences, keys))


def confidence_in(answerable: float, sentences: Sequence[Sentence], citations: Sequence[Citation] = ()) -> float:
    """Return the probability in [0, 1] that a citation, or the best sentence without any, holds the answer.

    It is never more than `answerable`, the probability in [0, 1] that the evidence answers, and 0 without sentences.
    """
    if not sentences:
        return 0.0
    return min(answerable, fitted("confidence").probability(read_confidence(answerable, sentences, citations)))


def _is_cited(sentence: Sentence, citations: Sequence[Citation]) -> bool:
    return any(one.doc_id == sentence.doc_id and one.span.holds(sentence.span) for one in citations)

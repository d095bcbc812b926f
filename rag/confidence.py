"""Confidence: the calibrated probability that what is quoted holds the answer."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from rag.calibration import fitted
from rag.citation import Citation
from rag.relevance import Sentence, alone

# Probabilities are told in four digits, and no surer than that.
LEAST = 0.0001


class ConfidenceFeatures(NamedTuple):
    """What the probability is a function of.

    `answerable` is the logit of the probability that the evidence answers at all, `relevance` that of the most relevant
    sentence, and `alone` how much of the relevance of the passages' best sentences is that one's, those aside that are
    cited too: where others sound like an answer, what is quoted is it less often.
    """

    answerable: float
    relevance: float
    alone: float


def read_confidence(
    answerable: float, sentences: Sequence[Sentence], citations: Sequence[Citation] = ()
) -> ConfidenceFeatures:
    """Return the features of an answer that cites some of the sentences, at least one, given most relevant first.

    `answerable` is the probability in [0, 1] that the evidence answers.
    """
    return ConfidenceFeatures(_logit(answerable), _logit(sentences[0].relevance), alone(sentences, citations))


def confidence_in(answerable: float, sentences: Sequence[Sentence], citations: Sequence[Citation] = ()) -> float:
    """Return the probability in [0, 1] that a citation, or the best sentence without any, holds the answer.

    It is never more than `answerable`, the probability in [0, 1] that the evidence answers, and 0 without sentences.
    """
    if not sentences:
        return 0.0
    return min(answerable, fitted("confidence").probability(read_confidence(answerable, sentences, citations)))


def _logit(probability: float) -> float:
    probability = min(max(probability, LEAST), 1 - LEAST)
    return math.log(probability / (1 - probability))

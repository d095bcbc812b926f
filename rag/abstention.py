"""Measures of probabilities and refusals: that a question is answered at all, and that the answer given is right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a question: both probabilities, whether the answer abstained, and what is true.

    `answerable` is the probability that the evidence answers and `confidence` that what is quoted does. `is_right` is
    whether a citation covers evidence, None where that is not known.
    """

    answerable: float
    confidence: float
    abstained: bool
    is_answerable: bool
    is_right: bool | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """What has a probability in a tenth of [0, 1]: how many, the mean probability, and of how many it came true."""

    low: float
    count: int
    probability: float
    share: float


def abstention_measures(judged: Sequence[Judged]) -> dict[str, float]:
    """Return precision and recall of abstaining, the share of answerable questions refused, AUROC and ECE.

    AUROC is the chance that an answerable question has a higher probability of being answered than an unanswerable one,
    ties counted half; the expected calibration error is over ten bins of equal width (Guo et al. 2017). A measure of
    what is not there, such as recall without unanswerable questions, is left out.
    """
    answerable = np.array([one.is_answerable for one in judged], dtype=bool)
    abstained = np.array([one.abstained for one in judged], dtype=bool)
    probability = np.array([one.answerable for one in judged])
    measures: dict[str, float] = {}
    if abstained.any():
        measures["abstention_precision"] = float((~answerable[abstained]).mean())
    if not answerable.all():
        measures["abstention_recall"] = float(abstained[~answerable].mean())
    if answerable.any():
        measures["answerable_refused"] = float(abstained[answerable].mean())
    if answerable.any() and not answerable.all():
        yes, no = probability[answerable][:, None], probability[~answerable][None, :]
        measures["auroc"] = float(((yes > no) + 0.5 * (yes == no)).mean())
    if judged:
        measures["calibration_error"] = _calibration_error(answerable_reliability(judged))
    return {name: round(value, 4) for name, value in measures.items()}


def confidence_measures(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the share of the answers given that are right, and the calibration error of the confidence in them.

    Both are left out where no answer was given of which that is known.
    """
    right = [one.is_right for one in _given(judged)]
    if not right:
        return {}
    error = _calibration_error(confidence_reliability(judged))
    return {"answers_right": round(sum(map(bool, right)) / len(right), 4), "confidence_error": round(error, 4)}


def answerable_reliability(judged: Sequence[Judged]) -> list[Bin]:
    """Return the bins that have any question, lowest first: how likely it is to be answerable, and how often it is."""
    return _bins([(one.answerable, one.is_answerable) for one in judged])


def confidence_reliability(judged: Sequence[Judged]) -> list[Bin]:
    """Return the same of the answers given: how likely they are to be right, and how often they are."""
    return _bins([(one.confidence, bool(one.is_right)) for one in _given(judged)])


def _given(judged: Sequence[Judged]) -> list[Judged]:
    return [one for one in judged if not one.abstained and one.is_right is not None]


def _bins(said: Sequence[tuple[float, bool]]) -> list[Bin]:
    bins = []
    for number in range(BINS):
        inside = [one for one in said if min(int(one[0] * BINS), BINS - 1) == number]
        if inside:
            mean = sum(probability for probability, _ in inside) / len(inside)
            share = sum(came_true for _, came_true in inside) / len(inside)
            bins.append(Bin(number / BINS, len(inside), round(mean, 4), round(share, 4)))
    return bins


def _calibration_error(bins: Sequence[Bin]) -> float:
    return sum(one.count * abs(one.probability - one.share) for one in bins) / sum(one.count for one in bins)

"""Measures of abstention: of probabilities that a question is answered, and of the refusals that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A question's probability of being answered, whether the answer abstained, and whether there is an answer."""

    confidence: float
    abstained: bool
    is_answerable: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """The questions whose confidence is in a tenth of [0, 1]: how many, their mean confidence, the share answerable."""

    low: float
    count: int
    confidence: float
    answerable: float


def abstention_measures(judged: Sequence[Judged]) -> dict[str, float]:
    """Return precision and recall of abstaining, the share of answerable questions refused, AUROC and ECE.

    AUROC is the chance that an answerable question has a higher probability than an unanswerable one, ties counted
    half; the expected calibration error is over ten bins of equal width (Guo et al. 2017). A measure of what is not
    there, such as recall without unanswerable questions, is left out.
    """
    answerable = np.array([one.is_answerable for one in judged], dtype=bool)
    abstained = np.array([one.abstained for one in judged], dtype=bool)
    confidence = np.array([one.confidence for one in judged])
    measures: dict[str, float] = {}
    if abstained.any():
        measures["abstention_precision"] = float((~answerable[abstained]).mean())
    if not answerable.all():
        measures["abstention_recall"] = float(abstained[~answerable].mean())
    if answerable.any():
        measures["answerable_refused"] = float(abstained[answerable].mean())
    if answerable.any() and not answerable.all():
        yes, no = confidence[answerable][:, None], confidence[~answerable][None, :]
        measures["auroc"] = float(((yes > no) + 0.5 * (yes == no)).mean())
    if judged:
        parts = (one.count * abs(one.confidence - one.answerable) for one in reliability(judged))
        measures["calibration_error"] = sum(parts) / len(judged)
    return {name: round(value, 4) for name, value in measures.items()}


def reliability(judged: Sequence[Judged]) -> list[Bin]:
    """Return the bins of a reliability plot that have any question, lowest first."""
    bins = []
    for number in range(BINS):
        inside = [one for one in judged if min(int(one.confidence * BINS), BINS - 1) == number]
        if inside:
            mean = sum(one.confidence for one in inside) / len(inside)
            share = sum(one.is_answerable for one in inside) / len(inside)
            bins.append(Bin(number / BINS, len(inside), round(mean, 4), round(share, 4)))
    return bins

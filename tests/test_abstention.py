"""Measures of probabilities and refusals, against figures worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import ModelUnusable
from rag.abstention import (
    Judged,
    abstention_measures,
    answerable_reliability,
    confidence_measures,
    confidence_reliability,
)
from rag.answerability import Features
from rag.calibration import Logistic, fitted
from rag.confidence import ConfidenceFeatures
from rag.relevance import FoundFeatures, SentenceFeatures
from rag.rivalry import RivalFeatures

ONE = st.builds(
    Judged, st.floats(0, 1), st.floats(0, 1), st.booleans(), st.booleans(), st.sampled_from([True, False, None])
)


def test_the_measures_are_those_worked_out_by_hand() -> None:
    judged = [
        Judged(0.9, 0.75, False, True, True),
        Judged(0.8, 0.7, False, True, False),
        Judged(0.2, 0.1, True, True, False),
        Judged(0.85, 0.2, False, False, False),
        Judged(0.1, 0.1, True, False, False),
    ]
    assert abstention_measures(judged) == pytest.approx(
        {
            "abstention_precision": 0.5,
            "abstention_recall": 0.5,
            "answerable_refused": 1 / 3,
            # Of six pairs, 0.9 beats both, 0.8 and 0.2 beat 0.1 alone.
            "auroc": 4 / 6,
            # Bins of 0.9, of 0.8 and 0.85, of 0.2 and of 0.1.
            "calibration_error": (0.1 + 2 * abs(0.825 - 0.5) + 0.8 + 0.1) / 5,
        },
        abs=1e-4,
    )
    assert [(one.low, one.count) for one in answerable_reliability(judged)] == [(0.1, 1), (0.2, 1), (0.8, 2), (0.9, 1)]
    # Three answers were given, with 0.7 and 0.75 in one bin.
    assert confidence_measures(judged) == pytest.approx(
        {"answers_right": 1 / 3, "confidence_error": (2 * abs(0.725 - 0.5) + 0.2) / 3}, abs=1e-4
    )
    assert [(one.low, one.count, one.share) for one in confidence_reliability(judged)] == [(0.2, 1, 0), (0.7, 2, 0.5)]


def test_what_cannot_be_measured_is_left_out() -> None:
    assert abstention_measures([]) == confidence_measures([]) == {}
    assert "auroc" not in abstention_measures([Judged(1.0, 1.0, False, True)])
    assert confidence_measures([Judged(1.0, 1.0, False, True), Judged(0.1, 0.1, True, True, False)]) == {}


@given(st.lists(ONE, max_size=30))
def test_measures_are_shares_and_bins_lose_nobody(judged: list[Judged]) -> None:
    assert all(0 <= value <= 1 for value in (abstention_measures(judged) | confidence_measures(judged)).values())
    assert sum(one.count for one in answerable_reliability(judged)) == len(judged)
    known = [one for one in judged if not one.abstained and one.is_right is not None]
    assert sum(one.count for one in confidence_reliability(judged)) == len(known)


def test_weights_of_other_features_are_refused() -> None:
    weights = Logistic(0.0, {"answers": 1.0, "begins": 0.0, "relevance": 0.0, "rank": 0.0}, 0.5)
    with pytest.raises(ModelUnusable, match=r"weights of answers, begins.* not of relevance, begins.*make calibrate"):
        weights.probability(FoundFeatures(1.0, 0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("relevance", SentenceFeatures),
        ("found", FoundFeatures),
        ("answerability", Features),
        ("confidence", ConfidenceFeatures),
        ("rivals", RivalFeatures),
    ],
)
def test_the_weights_are_in_the_order_of_the_features(name: str, features: type[tuple[float, ...]]) -> None:
    assert tuple(fitted(name).weights) == getattr(features, "_fields", ())

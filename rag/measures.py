"""Measures of retrieval: computed by ir-measures, with intervals and tests over queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
import numpy.typing as npt
from ir_measures import RR, R, Success, nDCG

MEASURES = (Success @ 1, R @ 5, RR @ 10, nDCG @ 10)

_RESAMPLES = 2000
_SEED = 20250501

Qrels = Mapping[str, Mapping[str, int]]
Run = Mapping[str, Mapping[str, float]]
PerQuery = dict[str, dict[str, float]]
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries with its 95% bootstrap interval (percentiles of the means of resampled queries)."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure of two runs over the same `queries`: means, the chance of such a difference, and who won where.

    `p` is of the two-sided paired randomisation test (Smucker, Allan & Carterette 2007).
    """

    measure: str
    mean: float
    baseline: float
    p: float
    won: tuple[str, ...]
    lost: tuple[str, ...]
    queries: int


def per_query(qrels: Qrels, run: Run) -> PerQuery:
    """Return each measure's value for every judged query; a query the run lacks counts 0.

    The gain of nDCG is the judgment's grade, its discount log2(rank + 1), as in trec_eval.
    """
    judged = {query_id: dict(relevance) for query_id, relevance in qrels.items()}
    ranked = {query_id: dict(run.get(query_id, {})) for query_id in judged}
    values: PerQuery = {str(measure): dict.fromkeys(judged, 0.0) for measure in MEASURES}
    for metric in ir_measures.iter_calc(MEASURES, judged, ranked):
        values[str(metric.measure)][metric.query_id] = float(metric.value)
    return values


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of a measure over queries with its interval; zeros where there are no queries."""
    if not values:
        return Estimate(0.0, 0.0, 0.0)
    array: _Values = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng(_SEED)
    means = array[random.integers(0, len(array), (_RESAMPLES, len(array)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(array.mean()), float(low), float(high))


def compare(values: Mapping[str, float], baseline: Mapping[str, float], measure: str) -> Comparison:
    """Return the comparison of a measure's values with a baseline's, over the queries that both have."""
    shared = sorted(values.keys() & baseline.keys())
    ours: _Values = np.array([values[query_id] for query_id in shared], dtype=np.float64)
    theirs: _Values = np.array([baseline[query_id] for query_id in shared], dtype=np.float64)
    differences = ours - theirs
    return Comparison(
        measure=measure,
        mean=float(ours.mean()) if shared else 0.0,
        baseline=float(theirs.mean()) if shared else 0.0,
        p=_randomisation_p(differences),
        won=tuple(query_id for query_id, difference in zip(shared, differences, strict=True) if difference > 1e-9),
        lost=tuple(query_id for query_id, difference in zip(shared, differences, strict=True) if difference < -1e-9),
        queries=len(shared),
    )


def _randomisation_p(differences: _Values) -> float:
    """Return the share of random exchanges of the two runs, query by query, with as great a difference of means."""
    if not np.any(differences):
        return 1.0
    random = np.random.default_rng(_SEED)
    signs = random.choice([-1.0, 1.0], size=(_RESAMPLES, len(differences)))
    exchanged = np.abs((signs * differences).mean(axis=1))
    at_least = int((exchanged >= abs(differences.mean()) - 1e-12).sum())
    # The observed assignment is one of those possible.
    return (at_least + 1) / (_RESAMPLES + 1)

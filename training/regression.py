"""Regressions: how one is fitted to rows of features, and written into `rag/calibration.json`."""

import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag import calibration
from rag.calibration import Logistic

# Features, whether it is so, and how much that weighs.
Row = tuple[Sequence[float], bool, float]


def fit(rows: Sequence[Row], names: Sequence[str]) -> Logistic:
    """Return the logistic regression of standardised features, in terms of the features as they are."""
    features = np.array([row[0] for row in rows])
    means, deviations = features.mean(axis=0), features.std(axis=0) + 1e-9
    model = LogisticRegression(C=0.3, max_iter=1000).fit(
        (features - means) / deviations, [row[1] for row in rows], sample_weight=[row[2] for row in rows]
    )
    weights = model.coef_[0] / deviations
    intercept = float(model.intercept_[0] - (weights * means).sum())
    named = {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}
    return Logistic(round(intercept, 4), named, 0.5)


def write(name: str, fitted: Logistic) -> None:
    """Write a regression under its name beside those that are there, use it from now on, and print it."""
    known = json.loads(calibration.PATH.read_text(encoding="utf-8")) if calibration.PATH.exists() else {}
    known[name] = asdict(fitted)
    calibration.PATH.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    calibration.fitted.cache_clear()
    sys.stdout.write(f"{name}: {asdict(fitted)}\n")


def sample(query_ids: list[str], count: int) -> list[str]:
    """Return so many of the queries, by chance, but the same ones each time."""
    return random.Random(7).sample(query_ids, min(count, len(query_ids)))

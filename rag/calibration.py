"""Calibration: the six logistic regressions that `make calibrate` has fitted, read from `calibration.json`."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path
from typing import Protocol

from index.errors import ModelUnusable

# Probabilities are told in four digits, and no surer than that.
LEAST = 0.0001
PATH = Path(__file__).with_name("calibration.json")


class Features(Protocol):
    """Named numbers that a probability is a function of."""

    @property
    def _fields(self) -> tuple[str, ...]:
        """Their names."""

    def __iter__(self) -> Iterator[float]:
        """Yield them in the order of their names."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: a weight for each feature by name, and the probability from which it says yes."""

    intercept: float
    weights: dict[str, float]
    threshold: float

    def probability(self, features: Features) -> float:
        """Return the probability in (0, 1) for features; raise ModelUnusable where the weights are of others."""
        if features._fields != tuple(self.weights):
            raise ModelUnusable(
                f"'{PATH}' has weights of {', '.join(self.weights)}, not of {', '.join(features._fields)}; "
                "run `make calibrate`, or install this version anew."
            )
        logit = self.intercept + sum(map(mul, self.weights.values(), features))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@cache
def fitted(name: str) -> Logistic:
    """Return the regression of a name.

    `relevance` is a sentence's, `found` that of a sentence which the reader has read, `answerability` a question's,
    `aptness` and `confidence` those of its answer and `rivals` that of two values being of the one thing asked for.
    """
    return Logistic(**json.loads(PATH.read_text(encoding="utf-8"))[name])


def logit(probability: float) -> float:
    """Return the logit of a probability in [0, 1], which is taken for no surer than four digits tell."""
    probability = min(max(probability, LEAST), 1 - LEAST)
    return math.log(probability / (1 - probability))

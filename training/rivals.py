"""Fits which values of different articles are of one thing, and says how well on questions that it was not fitted on.

    python -m training.rivals DATA

Two values are rivals where the dev half of `gold/disagreements/` names the sentences of both as sides that differ; none
are of what NQ train and SQuAD ask, whose passages hardly ever disagree. The questions are divided into FOLDS parts by
their words; each is judged by what the others fit, and `training/rivals.json` says how many of them then have a
pair above each threshold, and how many of these pairs are rivals. The threshold is the least from which on PRECISION of
what is shown of articles that may differ is right.
"""

import json
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.corpora import indexed
from benchmarks.disagreements import FOLDER, Disputed, read_disputed
from benchmarks.written import articles
from rag.answerability import probability
from rag.beir import read_collection
from rag.calibration import Logistic
from rag.engine import Engine
from rag.query import Query
from rag.rivalry import Given, RivalFeatures
from rag.rivals import Rival, read_rivals
from rag.settings import Settings
from training.regression import fit, sample, write

AGREEING = (("nq_open_oracle", "train", 2000), ("squad_v1_dev", "test", 2700))
# How much a pair of values of the articles that may disagree weighs, beside one of those that hardly ever do.
DISPUTED_WEIGHT = 6.0
PRECISION = 0.9
THRESHOLDS = [percent / 100 for percent in range(50, 96)]
FOLDS = 5
RESULTS = Path(__file__).with_suffix(".json")


class Pair(NamedTuple):
    """Two values that a question's articles give: the features of both, and whether they are rivals."""

    question: str
    is_disputed: bool
    features: RivalFeatures
    are_rivals: bool


def main() -> None:
    """Fit and write."""
    fit_rivals(Path(sys.argv[1]), Settings.read())


def fit_rivals(data: Path, settings: Settings) -> None:
    """Fit and write the regression, its threshold and what cross-validation says of each."""
    pairs = list(read_pairs(data, settings))
    figures = _cross_validated(pairs)
    RESULTS.write_text("[\n" + ",\n".join(map(json.dumps, figures)) + "\n]\n", encoding="utf-8")
    precise = (one["threshold"] for one in figures if one["right"] >= PRECISION * one["disputed"])
    write("rivals", replace(_fit(pairs), threshold=next(precise)))


def _fit(pairs: Sequence[Pair]) -> Logistic:
    weights = [DISPUTED_WEIGHT if pair.is_disputed else 1.0 for pair in pairs]
    rows = [(list(pair.features), pair.are_rivals, weight) for pair, weight in zip(pairs, weights, strict=True)]
    return fit(rows, RivalFeatures._fields)


def _cross_validated(pairs: Sequence[Pair]) -> list[dict[str, float]]:
    """Return for each threshold how many questions have a pair above it, judged by what the other folds fit.

    `disputed` are those that the dev half asks and `right` those of them whose best pair are rivals, `others` those of
    the collections, none of whose pairs are.
    """
    judged: dict[str, tuple[float, Pair]] = {}
    for number in range(FOLDS):
        kept_apart = [pair for pair in pairs if _fold(pair) == number]
        fitted = _fit([pair for pair in pairs if _fold(pair) != number])
        for pair in kept_apart:
            likely = fitted.probability(pair.features)
            if pair.question not in judged or likely > judged[pair.question][0]:
                judged[pair.question] = likely, pair
    return [
        {
            "threshold": threshold,
            "disputed": sum(pair.is_disputed for pair in shown),
            "right": sum(pair.are_rivals for pair in shown),
            "others": sum(not pair.is_disputed for pair in shown),
        }
        for threshold in THRESHOLDS
        for shown in [[pair for likely, pair in judged.values() if likely >= threshold]]
    ]


def read_pairs(data: Path, settings: Settings) -> Iterator[Pair]:
    """Yield the pairs of values that may be rivals, of articles that differ and of those that hardly ever do."""
    with articles(settings, FOLDER / "dev") as engine:
        for disputed in read_disputed("dev"):
            for features, one, other in _rivals(engine, disputed.question):
                sides = _side(disputed, one), _side(disputed, other)
                are_rivals = disputed.differs and None not in sides and sides[0] != sides[1]
                yield Pair(disputed.question, True, features, are_rivals)
    for name, split, count in AGREEING:
        engine, collection = Engine(indexed(settings, data / name)), read_collection(data / name, split)
        for query_id in sample(list(collection.queries), count):
            text = collection.queries[query_id]
            yield from (Pair(text, False, rival.features, False) for rival in _rivals(engine, text))


def _rivals(engine: Engine, question: str) -> list[Rival]:
    grounds = engine.grounds(Query.parse(question))
    return read_rivals(question, grounds.sentences, probability(grounds.features)) if grounds.features else []


def _side(disputed: Disputed, given: Given) -> str | None:
    """Return the side whose sentence and value are given, None where they are of none."""
    value = disputed.side_of(given.sentence.doc_id, given.sentence.text)
    digits, said = (set(re.findall(r"\d+", text.replace(",", ""))) for text in (value or "", given.value))
    return value if not (digits and said) or digits & said else None


def _fold(pair: Pair) -> int:
    return zlib.crc32(pair.question.encode()) % FOLDS


if __name__ == "__main__":
    main()

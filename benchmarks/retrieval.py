"""Retrieval quality: one row a step of the ranking, on public collections and the gold test half.

    python -m benchmarks.retrieval DATA [SET...]

DATA has the collections in the BEIR layout, a folder each; what is missing is left out. With SETs those alone are
measured, and the others keep the figures that they have; one of them is "gold test half". Corpora are indexed under
var/collections the first time, as `rag eval --beir` does. Writes benchmarks/results/retrieval.json and
benchmarks/retrieval.md.
"""

import json
import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.corpora import indexed, seeds
from index.corpus import Corpus, View
from index.passages import STANDARD, Splitting
from index.records import PassageTokens
from rag.beir import read_collection
from rag.engine import Engine
from rag.evaluation import Evaluation, evaluate_collection, evaluate_gold
from rag.evidence import QueryTokens, Reading, read, unread
from rag.fusion import READ, Candidate, Ranked, Weights, diversified, followed, fused, in_order, scale_of
from rag.gold import read_gold
from rag.settings import Settings
from rag.stages import Stages

FOLDER = Path(__file__).parent
COLLECTIONS = (
    "scifact",
    "squad_v2_halfdev",
    "hotpotqa_distractor500",
    "nq_open_oracle",
    "multihoprag_evidence500",
)
# Published, nDCG@10 on SciFact test: MTEB's results.
PUBLISHED = {"all-MiniLM-L6-v2": 0.645, "bm25s": 0.687, "bge-small-en-v1.5": 0.713, "bge-base-en-v1.5": 0.743}
RECIPROCAL_K = 60
GOLD = "gold test half"
SHIPPED = "and what is named (as shipped)"

Step = Callable[[View, QueryTokens, Sequence[Candidate]], list[Ranked]]


class SteppedEngine(Engine):
    """An engine that ranks the candidates by one step."""

    def __init__(self, corpus: Corpus, step: Step) -> None:
        super().__init__(corpus)
        self._step = step

    def _ranking(
        self,
        view: View,
        question: str,
        asked: QueryTokens,
        candidates: Sequence[Candidate],
        depth: int,
        stages: Stages,
    ) -> list[Ranked]:
        return self._step(view, asked, candidates)[:depth]


def dense(view: View, asked: QueryTokens, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by the cosine of the passages alone."""
    return _by(view, candidates, [one.cosine for one in candidates])


def bm25(view: View, asked: QueryTokens, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by BM25."""
    return _by(view, candidates, [one.bm25 for one in candidates])


def reciprocal(view: View, asked: QueryTokens, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by reciprocal rank fusion of dense and BM25 (Cormack, Clarke & Büttcher 2009)."""
    scores: defaultdict[int, float] = defaultdict(float)
    for step in (dense, bm25):
        for rank, (one, _, _) in enumerate(step(view, asked, candidates), start=1):
            scores[one.passage_no] += 1 / (RECIPROCAL_K + rank)
    return _by(view, candidates, [scores[one.passage_no] for one in candidates])


def stretched(view: View, asked: QueryTokens, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by cosine and BM25, each stretched over the candidates, half and half."""
    weights = Weights(vector=0.5, overlap=0, bm25=0.5, tokens=0, sentence=0)
    return fused(candidates, _unread(view, candidates), weights, len(candidates))


def overlapping(view: View, asked: QueryTokens, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by cosine and overlap, each on its own scale: what is read is chosen by that."""
    return _by(view, candidates, [one.promise for one in candidates])


def token_by_token(weights: Weights, *, second_source: bool = False) -> Step:
    """Return the step that also reads the best of the first stage token by token, then puts a second source first."""

    def step(view: View, asked: QueryTokens, candidates: Sequence[Candidate]) -> list[Ranked]:
        readings = read(asked, _tokens(view, candidates))
        ranking = fused(candidates[:READ], readings[:READ], weights, scale_of(len(candidates)))
        return followed(diversified(ranking) if second_source else ranking, candidates[READ:], readings[READ:])

    return step


def _by(view: View, candidates: Sequence[Candidate], scores: Sequence[float]) -> list[Ranked]:
    return in_order(map(Ranked, candidates, _unread(view, candidates), scores))


def _unread(view: View, candidates: Sequence[Candidate]) -> list[Reading]:
    return [unread(tokens) for tokens in _tokens(view, candidates)]


def _tokens(view: View, candidates: Sequence[Candidate]) -> list[PassageTokens]:
    return view.reading.passage_tokens([one.passage_no for one in candidates])


STEPS: Mapping[str, Step | None] = {
    "dense": dense,
    "BM25": bm25,
    "reciprocal rank fusion": reciprocal,
    "stretched cosine and BM25": stretched,
    "cosine and overlap": overlapping,
    "and the passage's tokens": token_by_token(Weights(sentence=0)),
    "and the best sentence's": token_by_token(Weights()),
    "and a second source first": token_by_token(Weights(), second_source=True),
    SHIPPED: None,
}
# The shipped ranking over passages of other sizes, and over passages embedded without title and headings.
SPLITTINGS = {
    "shipped, passages of 60 to 100 tokens": Splitting(60, 100),
    "shipped, passages of 160 to 230 tokens": Splitting(160, 230, 24),
    "shipped, without title and headings": Splitting(context_tokens=0),
}


def main() -> None:
    """Measure, print and record."""
    data, only, settings = Path(sys.argv[1]), sys.argv[2:], Settings.read()
    recorded = FOLDER / "results" / "retrieval.json"
    result: dict[str, Any] = json.loads(recorded.read_text(encoding="utf-8")) if only else {"sets": {}}
    result["published"] = PUBLISHED
    for name in only or [*(name for name in COLLECTIONS if (data / name).is_dir()), GOLD]:
        started = time.perf_counter()
        result["sets"][name] = dict(_rows(data, settings, name))
        print(name, round(time.perf_counter() - started), "s", json.dumps(result["sets"][name]), flush=True)
    packages = ["faiss-cpu", "tantivy", "onnxruntime", "numpy"]
    result["machine"] = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    result["versions"] = {package: version(package) for package in packages}
    recorded.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (FOLDER / "retrieval.md").write_text(page(result), encoding="utf-8")


def _rows(data: Path, settings: Settings, name: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the figures of each row for a set: the steps of the ranking, then the shipped one over other passages."""
    evaluate: Callable[[Engine], Evaluation]
    if name == GOLD:
        questions = [question for question in read_gold(Path("gold/questions.jsonl")) if question.split == "test"]
        evaluate = partial(evaluate_gold, questions=questions)
    else:
        evaluate = partial(evaluate_collection, collection=read_collection(data / name, "test"))

    def corpus_of(splitting: Splitting) -> Corpus:
        return seeds(settings, splitting) if name == GOLD else indexed(settings, data / name, splitting)

    corpus = corpus_of(STANDARD)
    for row, step in STEPS.items():
        yield row, _figures(evaluate(SteppedEngine(corpus, step) if step else Engine(corpus)))
    corpus.close()
    for row, splitting in SPLITTINGS.items():
        corpus = corpus_of(splitting)
        yield row, _figures(evaluate(Engine(corpus)))
        corpus.close()


def page(result: Mapping[str, Any]) -> str:
    """Return the figures as a page for people."""
    names = list(result["sets"])
    lines = [
        "# Retrieval",
        "",
        "Written by `make bench-retrieval DATA=…` (`benchmarks/retrieval.py`); do not edit.",
        "",
        f"{result['machine']}; " + ", ".join(f"{name} {said}" for name, said in result["versions"].items()) + ".",
        "",
        "The default model in int8, passages of 120 to 200 tokens with title and headings, one setting for all sets,",
        "no reranker. nDCG@10 over documents, on each set's `test` queries; of the gold test half, over evidence.",
        "The weights were chosen with 500 of the queries of squad_v2_halfdev, among others; none was chosen by the",
        "other columns. That scores are stretched was looked for after hotpotqa and multihoprag had fallen without it,",
        "and that what is named comes nearer after hotpotqa had missed what was asked for. Both were accepted on the",
        "tuning sets: the first gained there, and the second, half of the way by decree, took nothing from them.",
        "",
        "| ranking | " + " | ".join(names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    for row in [*STEPS, *SPLITTINGS]:
        lines.append(f"| {row} | " + " | ".join(f"{result['sets'][name][row]['nDCG@10']:.3f}" for name in names) + " |")
    gold = result["sets"][GOLD][SHIPPED]
    lines += ["", "Gold test half, evidence: " + ", ".join(f"{name} {value}" for name, value in gold.items()) + "."]
    lines += [
        "",
        "Published (MTEB): " + ", ".join(f"{name} {value}" for name, value in result["published"].items()) + ".",
        "",
    ]
    return "\n".join(lines)


def _figures(evaluation: Evaluation) -> dict[str, float]:
    summary: dict[str, Any] = evaluation.summary()
    levels = summary["levels"]
    overall = levels.get("evidence", levels["document"])["overall"]
    return {name: estimate["mean"] for name, estimate in overall.items()}


if __name__ == "__main__":
    main()

"""Retrieval quality: one row a step of the ranking, on public collections and the gold test half, beside two peers.

    python -m benchmarks.retrieval DATA [--peers]

DATA has the collections in the BEIR layout, a folder each; what is missing is left out. Corpora are indexed under
var/collections the first time, as `rag eval --beir` does. With `--peers`, txtai and LlamaIndex index SciFact with the
same model and answer the same queries, each query put to all three in turn; they come with `pip install .[peers]`.
Writes benchmarks/results/retrieval.json and benchmarks/retrieval.md.
"""

import json
import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import llama_index, txtai
from index.corpus import Corpus, View, open_corpus
from index.ingestion import article_files, ingest
from rag.beir import Collection, doc_id_of, index_corpus, index_folder, read_collection
from rag.engine import CANDIDATES, Engine
from rag.evaluation import Evaluation, evaluate_collection, evaluate_gold
from rag.evidence import Candidate, Ranked
from rag.fusion import VECTOR_WEIGHT, fused, in_order
from rag.gold import read_gold
from rag.measures import per_query
from rag.query import Query
from rag.settings import Settings

FOLDER = Path(__file__).parent
COLLECTIONS = (
    "scifact",
    "squad_v2_halfdev",
    "hotpotqa_distractor500",
    "nq_open_oracle",
    "multihoprag_evidence500",
)
PEERS_COLLECTION = "scifact"
# Published, nDCG@10 on SciFact test: MTEB's results.
PUBLISHED = {"all-MiniLM-L6-v2": 0.645, "bm25s": 0.687, "bge-small-en-v1.5": 0.713, "bge-base-en-v1.5": 0.743}
RECIPROCAL_K = 60

Step = Callable[[View, Query, Sequence[Candidate]], list[Ranked]]


class SteppedEngine(Engine):
    """An engine that ranks the candidates by one step."""

    def __init__(self, corpus: Corpus, step: Step) -> None:
        super().__init__(corpus)
        self._step = step

    def _ranking(self, view: View, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
        return self._step(view, query, candidates)


def dense(view: View, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by the cosine of the passages alone."""
    return in_order(Ranked(one, one.cosine) for one in candidates)


def likeness(view: View, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by the mean of the passage's cosine and its best sentence's."""
    return in_order(Ranked(one, one.likeness) for one in candidates)


def bm25(view: View, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by BM25."""
    matching = dict(view.words.matching(query.text, CANDIDATES))
    return in_order(Ranked(one, matching.get(one.passage_no, 0.0)) for one in candidates)


def reciprocal(view: View, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by reciprocal rank fusion of dense and BM25 (Cormack, Clarke & Büttcher 2009)."""
    scores: defaultdict[str, float] = defaultdict(float)
    for step in (dense, bm25):
        for rank, (one, _) in enumerate(step(view, query, candidates), start=1):
            scores[one.passage_id] += 1 / (RECIPROCAL_K + rank)
    return in_order(Ranked(one, scores[one.passage_id]) for one in candidates)


def stretched(view: View, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by min-max likeness and BM25 as a share of the greatest, combined with the same weight."""
    matching = dict(view.words.matching(query.text, CANDIDATES))
    most = max(matching.values(), default=1.0)
    values = [one.likeness for one in candidates] or [0.0]
    least, width = min(values), max(values) - min(values) or 1.0
    return in_order(
        Ranked(
            one,
            VECTOR_WEIGHT * (one.likeness - least) / width
            + (1 - VECTOR_WEIGHT) * matching.get(one.passage_no, 0.0) / most,
        )
        for one in candidates
    )


def overlapping(view: View, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank by likeness and overlap, each on its own scale, without regard to documents."""
    return fused(candidates, view.words.overlaps(query.text, [one.passage_no for one in candidates]))


STEPS: Mapping[str, Step | None] = {
    "dense": dense,
    "dense and best sentence": likeness,
    "BM25": bm25,
    "reciprocal rank fusion": reciprocal,
    "min-max likeness and BM25": stretched,
    "likeness and overlap": overlapping,
    "and a second source first (as shipped)": None,
}


def main() -> None:
    """Measure, print and record."""
    data = Path(sys.argv[1])
    settings = Settings.read()
    evaluate: dict[str, Callable[[Engine], Evaluation]] = {}
    corpora: dict[str, Corpus] = {}
    for name in COLLECTIONS:
        if (data / name).is_dir():
            collection = read_collection(data / name, "test")
            corpora[name] = _indexed(settings, data / name)
            evaluate[name] = lambda engine, collection=collection: evaluate_collection(engine, collection)  # type: ignore[misc]
    corpora["gold test half"] = _seeds(settings)
    questions = [question for question in read_gold(Path("gold/questions.jsonl")) if question.split == "test"]
    evaluate["gold test half"] = lambda engine: evaluate_gold(engine, questions)
    result: dict[str, Any] = {"sets": {}, "published": PUBLISHED}
    for name, corpus in corpora.items():
        started = time.perf_counter()
        result["sets"][name] = {
            row: _figures(evaluate[name](SteppedEngine(corpus, step) if step else Engine(corpus)))
            for row, step in STEPS.items()
        }
        print(name, round(time.perf_counter() - started), "s", json.dumps(result["sets"][name]), flush=True)
    if "--peers" in sys.argv and PEERS_COLLECTION in corpora:
        result["peers"] = _beside(
            corpora[PEERS_COLLECTION],
            data / PEERS_COLLECTION,
            read_collection(data / PEERS_COLLECTION, "test"),
        )
    packages = ["faiss-cpu", "tantivy", "onnxruntime", "numpy"]
    packages += ["txtai", "llama-index-core", "sentence-transformers", "torch"] if "peers" in result else []
    result["machine"] = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    result["versions"] = {package: version(package) for package in packages}
    (FOLDER / "results" / "retrieval.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (FOLDER / "retrieval.md").write_text(page(result), encoding="utf-8")


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
        "",
        "| ranking | " + " | ".join(names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    for row in STEPS:
        lines.append(f"| {row} | " + " | ".join(f"{result['sets'][name][row]['nDCG@10']:.3f}" for name in names) + " |")
    lines += ["", "As shipped, one search in process, p50 in milliseconds: "]
    shipped = list(STEPS)[-1]
    lines[-1] += ", ".join(f"{name} {result['sets'][name][shipped]['p50_ms']}" for name in names) + "."
    gold = result["sets"]["gold test half"][shipped]
    lines += ["", "Gold test half, evidence: " + ", ".join(f"{name} {value}" for name, value in gold.items()) + "."]
    if "peers" in result:
        lines += [
            "",
            "## SciFact test beside others",
            "",
            "The same model; theirs on whole documents in float32, each query put to all in turn.",
            "",
        ]
        lines += ["| | nDCG@10 | search p50, ms |", "| --- | --- | --- |"]
        lines += [f"| {name} | {said['nDCG@10']:.3f} | {said['p50_ms']} |" for name, said in result["peers"].items()]
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
    return {name: estimate["mean"] for name, estimate in overall.items()} | {"p50_ms": summary["latency_ms"]["p50"]}


def _indexed(settings: Settings, folder: Path) -> Corpus:
    data = index_folder(folder, settings.data_dir / "collections")
    corpus = open_corpus(data, settings.model, settings.prepared_models, settings.threads, create=True)
    index_corpus(folder, corpus, data, lambda: None)
    return corpus


def _seeds(settings: Settings) -> Corpus:
    data = settings.data_dir / "collections" / "seeds"
    corpus = open_corpus(data, settings.model, settings.prepared_models, settings.threads, create=True)
    ingest(corpus, article_files([Path("seeds")]))
    return corpus


def _beside(corpus: Corpus, folder: Path, collection: Collection) -> dict[str, dict[str, float]]:
    with (folder / "corpus.jsonl").open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    texts = {doc_id_of(line["_id"]): f"{line.get('title') or ''} {line['text']}".strip() for line in lines}
    engine = Engine(corpus)

    def footnote(query: str, k: int) -> Sequence[str]:
        return [hit.citation.doc_id for hit in engine.search(Query.parse(query, top_k=k)).hits]

    searches = {"Footnote": footnote, **llama_index(texts), **txtai(texts)}
    runs: dict[str, dict[str, dict[str, float]]] = {name: {} for name in searches}
    times: dict[str, list[float]] = {name: [] for name in searches}
    for query_id, text in collection.queries.items():
        for name, search in searches.items():
            started = time.perf_counter()
            found = search(text, 30)
            times[name].append((time.perf_counter() - started) * 1000)
            unique = list(dict.fromkeys(found))
            runs[name][query_id] = {doc_id: 1 / rank for rank, doc_id in enumerate(unique, start=1)}
    return {
        name: {
            "nDCG@10": float(np.mean(list(per_query(collection.qrels, run)["nDCG@10"].values()))),
            "p50_ms": round(float(np.median(times[name])), 1),
        }
        for name, run in runs.items()
    }


if __name__ == "__main__":
    main()

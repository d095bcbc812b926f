"""A million passages on one machine: opening, hybrid search, adding a document, memory, and growth from ten thousand.

    python -m benchmarks.million DATA [--passages N] [--home FOLDER]

DATA is a folder of collections in the BEIR layout, whose passages and test queries are taken; benchmarks/synthetic.py
says how. Some 25 GB are needed for a million, by default in a folder that is removed at the end. Each measurement is
a process of its own. Writes benchmarks/results/million.json and prints it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import synthetic
from benchmarks.corpora import indexed
from benchmarks.measuring import RESULTS, Result, measured_on, record, say, spread
from index.document import Document, Metadata
from index.embedded_store import disk_bytes
from index.embedder import Vectors
from rag.beir import index_folder, read_collection
from rag.engine import CANDIDATES, Engine, Observer
from rag.settings import Settings

COLLECTIONS = ("scifact", "nq_open_oracle", "hotpotqa_distractor500")
QUERIES = 600
# The nearest ten of so many queries are compared with every inner product.
COMPARED = 200
SMALL = 10_000
_VECTORS = "vectors.npy"
_K = 10


def main() -> None:
    """Make both corpora, measure them in turn, print and record; or be one of the measurements."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--only", choices=sorted(_MEASUREMENTS), help="what a process of its own does")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(_MEASUREMENTS[options.only](options.home, _queries(options.data))))
        return
    if options.home:
        result = measured(options.data, options.passages, options.home)
    else:
        with tempfile.TemporaryDirectory(prefix="footnote-million-") as home:
            result = measured(options.data, options.passages, Path(home))
    record(RESULTS, "million", result)
    print(json.dumps(result, indent=1))


def measured(data: Path, passages: int, home: Path) -> Result:
    """Return what was measured of the large corpus, and beside it the search of a small one."""
    settings = Settings.read()
    small, large = home / "small", home / "large"
    made = _make(settings, data, {small: SMALL, large: passages})
    # Opened once, so that what is derived is made; then the two in turn.
    derived_s = {folder: _alone("derive", data, folder)["seconds"] for folder in (small, large)}
    searches: dict[Path, list[Result]] = {small: [], large: []}
    for _ in range(2):
        for folder, found in searches.items():
            found.append(_alone("search", data, folder))
    p50 = {folder: statistics.median(one["search_ms"]["p50"] for one in found) for folder, found in searches.items()}
    best = searches[large][-1]
    added = _alone("add", data, large)
    return {
        "passages": passages,
        # Nobody knows any more what took how long where they lay there already.
        **({"written_s": made[large], "derived_s": derived_s[large]} if made[large] else {}),
        "open_s": best["open_s"],
        "search_ms_p50": p50[large],
        "search_ms_p95": statistics.median(one["search_ms_p95"] for one in searches[large]),
        "stages_ms": best["stages_ms"],
        "vectors_recall_at_10": best["vectors_recall_at_10"],
        "resident_mb": best["resident_mb"],
        "resident_of_files_mb": best["resident_of_files_mb"],
        "small_passages": SMALL,
        "small_search_ms_p50": p50[small],
        "growth": round(p50[large] / p50[small], 2),
        "searches": {"large": searches[large], "small": searches[small]},
        "add_ms": added["add_ms"],
        "add_ms_most": added["add_ms_most"],
        "disk_mb": {part: round(size / 1e6) for part, size in disk_bytes(large).items()},
        **measured_on(),
    }


def _make(settings: Settings, data: Path, wanted: dict[Path, int]) -> dict[Path, float]:
    """Write the corpora that are not there yet; return the seconds each took."""
    seconds = dict.fromkeys(wanted, 0.0)
    model = None
    for folder, passages in wanted.items():
        if (folder / _VECTORS).exists():
            continue
        if model is None:
            for name in COLLECTIONS:
                indexed(settings, data / name).close()
            cache = settings.data_dir / "collections"
            model = synthetic.model_of([index_folder(data / name, cache) for name in COLLECTIONS])
        folder.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        vectors = synthetic.write(folder, model, passages)
        seconds[folder] = round(time.perf_counter() - started, 1)
        np.save(folder / _VECTORS, vectors)
    return seconds


def _alone(what: str, data: Path, folder: Path) -> Result:
    """Return what a process of its own measures."""
    command = [sys.executable, "-m", "benchmarks.million", str(data), "--home", str(folder), "--only", what]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    result: Result = json.loads(ended.stdout)
    say(f"{folder.name}: {what}: {json.dumps(result)}")
    return result


def _derive(folder: Path, queries: list[str]) -> Result:
    """Open a corpus whose vectors and words are still to be made."""
    started = time.perf_counter()
    _engine(folder).close()
    return {"seconds": round(time.perf_counter() - started, 1)}


def _search(folder: Path, queries: list[str]) -> Result:
    """Open, and ask each query once to come to know it and once more to measure."""
    started = time.perf_counter()
    engine = _engine(folder)
    engine.search(queries[0])
    open_s = time.perf_counter() - started
    for query in queries:
        engine.search(query)
    took = [engine.search(query).took_ms for query in queries]
    stages = _stages(engine, queries[:COMPARED])
    memory = _memory_mb()
    recall = _recall(engine, np.load(folder / _VECTORS, mmap_mode="r"), queries[:COMPARED])
    engine.close()
    return {
        "open_s": round(open_s, 2),
        "search_ms": spread(took),
        "search_ms_p95": round(float(np.quantile(took, 0.95)), 2),
        "stages_ms": stages,
        "resident_mb": memory["VmRSS"],
        "resident_of_files_mb": memory["RssFile"],
        "vectors_recall_at_10": recall,
    }


def _add(folder: Path, queries: list[str]) -> Result:
    """Add documents of one passage, each until a search has found it."""
    engine = _engine(folder)
    engine.search(queries[0])
    took = []
    for query in queries[:60]:
        # A word that stands nowhere else, so that the search is for this document.
        word = f"zq{time.time_ns():x}"
        document = Document(word, f"{query} This is what report {word} found out about it.", "text/plain", Metadata())
        started = time.perf_counter()
        engine.corpus.put(document)
        found = engine.search(f"What does report {word} say? {query}"[:500])
        took.append((time.perf_counter() - started) * 1000)
        assert word in {hit.citation.doc_id for hit in found.hits}, query
        engine.corpus.delete(word)
    engine.close()
    return {"add_ms": spread(took, 1), "add_ms_most": round(max(took), 1)}


def _stages(engine: Engine, queries: list[str]) -> dict[str, float]:
    """Return the median milliseconds of each stage."""
    seconds: dict[str, list[float]] = {}
    observed = engine.observed(Observer(on_stage=lambda name, taken: seconds.setdefault(name, []).append(taken)))
    for query in queries:
        observed.search(query)
    return {name: round(statistics.median(taken) * 1000, 2) for name, taken in seconds.items()}


def _recall(engine: Engine, vectors: npt.NDArray[np.float32], queries: list[str]) -> float:
    """Return the share of the nearest ten that are found, the first ten of what a search looks for."""
    shares = []
    with engine.corpus.read() as view:
        for query in queries:
            vector: Vectors = engine.corpus.embedder.embed_query(query).vector
            cosines = vectors @ vector
            # Passage numbers begin at 1.
            wanted = {int(row) + 1 for row in np.argpartition(-cosines, _K)[:_K]}
            found = {one.passage_no for one in view.vectors.nearest(vector, CANDIDATES)[:_K]}
            shares.append(len(wanted & found) / _K)
    return round(float(np.mean(shares)), 4)


def _engine(folder: Path) -> Engine:
    settings = Settings.read()
    return Engine.open(folder, model=settings.model, models_dir=settings.prepared_models, threads=settings.threads)


def _queries(data: Path) -> list[str]:
    """Return test queries of the collections, in turn."""
    asked = [list(read_collection(data / name, "test").queries.values()) for name in COLLECTIONS]
    return [query for together in zip(*asked, strict=False) for query in together][:QUERIES]


def _memory_mb() -> dict[str, int]:
    """Return what this process holds of memory: all, and of it the files that are mapped."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines if line.startswith(("VmRSS", "RssFile")))
    return {name: int(value.split()[0]) * 1024 // 10**6 for name, value in found.items()}


_MEASUREMENTS = {"derive": _derive, "search": _search, "add": _add}

if __name__ == "__main__":
    main()

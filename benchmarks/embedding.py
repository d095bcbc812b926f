"""Passages a second: the prepared model against the reference it was made from, in one interleaved run.

    python -m benchmarks.embedding [ROUNDS]

Embeds the passages of `seeds/`, again and again, with SentenceTransformer.encode at its best batch size and with the
prepared model, one after the other in each round; writes benchmarks/results/embedding.json and prints it.
"""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from index.embedder import DEFAULT_MODEL, OnnxEmbedder, find_model
from index.ingestion import article_files
from index.passages import Splitter
from index.preparation import load_reference
from index.reading import document_blocks, read_bytes

RESULT = Path(__file__).parent / "results" / "embedding.json"


def passages(folder: Path, splitter: Splitter) -> list[str]:
    """Return the texts of all passages of the articles in a folder."""
    documents = [read_bytes(path.name, path.read_bytes()) for path in article_files([folder])]
    return [
        passage.span.of(document.text)
        for document in documents
        for passage in splitter.split(document.text, document_blocks(document), document.metadata.title)
    ]


def main() -> None:
    """Measure, print and record."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    prepared = OnnxEmbedder(find_model(Path("var/models"), DEFAULT_MODEL))
    reference = load_reference(DEFAULT_MODEL)
    texts = passages(Path("seeds"), Splitter(prepared.tokenizer_json))
    runs: dict[str, Callable[[], object]] = {
        "sentence_transformers_batch_8": lambda: reference.encode(texts, batch_size=8),
        "sentence_transformers_batch_32": lambda: reference.encode(texts, batch_size=32),
        "prepared_int8": lambda: prepared.embed_texts(texts),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    # The first round warms up and does not count.
    rates = {name: len(texts) / statistics.median(times[1:]) for name, times in seconds.items()}
    result = {
        "passages": len(texts),
        "rounds": rounds,
        "passages_a_second": {name: round(rate, 1) for name, rate in rates.items()},
        "times_as_fast_as_the_best_reference": round(
            rates["prepared_int8"] / max(rate for name, rate in rates.items() if name != "prepared_int8"), 2
        ),
        "model": DEFAULT_MODEL,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("sentence-transformers", "torch", "onnxruntime", "tokenizers")},
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

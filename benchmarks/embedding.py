"""Passages a second: the prepared model against the reference it was made from, in one interleaved run.

    python -m benchmarks.embedding [ROUNDS]

Embeds the passages of `seeds/`, again and again, with SentenceTransformer.encode at its best batch size and with the
prepared model, one after the other in each round; writes benchmarks/results/embedding.json and prints it.
"""

import json
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.measuring import RESULTS, Result, in_turn, measured_on, record, seconds_of
from index.embedder import DEFAULT_MODEL, OnnxEmbedder, find_model
from index.ingestion import article_files
from index.passages import Splitter
from index.preparation import source_folder
from index.reading import document_blocks, read_bytes


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
    result = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    record(RESULTS, "embedding", result)
    print(json.dumps(result, indent=2))


def measured(rounds: int) -> Result:
    """Return the passages a second of both, in so many rounds."""
    from sentence_transformers import SentenceTransformer

    prepared = OnnxEmbedder(find_model(Path("var/models"), DEFAULT_MODEL))
    # As users load it: `index.preparation` loads it with the slower attention that can be exported.
    reference = SentenceTransformer(str(source_folder(DEFAULT_MODEL) or DEFAULT_MODEL), device="cpu")
    texts = passages(Path("seeds"), Splitter(prepared.tokenizer_json))
    runs: dict[str, Callable[[], object]] = {
        "sentence_transformers_batch_8": lambda: reference.encode(texts, batch_size=8),
        "sentence_transformers_batch_32": lambda: reference.encode(texts, batch_size=32),
        "prepared_int8": lambda: prepared.embed_texts(texts),
    }
    seconds = in_turn({name: partial(seconds_of, run) for name, run in runs.items()}, rounds)
    rates = {name: len(texts) / statistics.median(times) for name, times in seconds.items()}
    return {
        "passages": len(texts),
        "rounds": rounds,
        "passages_a_second": {name: round(rate, 1) for name, rate in rates.items()},
        "times_as_fast_as_the_best_reference": round(
            rates["prepared_int8"] / max(rate for name, rate in rates.items() if name != "prepared_int8"), 2
        ),
        "model": DEFAULT_MODEL,
        **measured_on("sentence-transformers", "torch"),
    }


if __name__ == "__main__":
    main()

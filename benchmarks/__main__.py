"""Everything that is measured beside others, in one run; `make bench DATA=…` calls it.

    python -m benchmarks DATA [--quick] [--only PART ...]
    python -m benchmarks DATA --ready

DATA is a folder of collections in the BEIR layout, with SciFact in it. Each part writes benchmarks/results/PART.json as
soon as it is measured, so that a run that is stopped keeps what it has; at the end the pages are written. With
`--quick` each part is tried out in little, and what it gives goes to var/benchmarks/quick. What is made once and kept
there, indexes and the peers' vectors, `--ready` makes beforehand, whatever else the machine does.
"""

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import embedding, growth, indexing, reranking, searching, serving, shell
from benchmarks.children import HOME
from benchmarks.measuring import RESULTS, Result, record, say
from benchmarks.report import write
from benchmarks.searchers import get_ready


def parts(data: Path, quick: bool) -> Mapping[str, Callable[[], Result]]:
    """Return what each part measures."""
    if quick:
        return {
            "embedding": partial(embedding.measured, 1),
            "indexing": partial(indexing.measured, data, 1, 0.05),
            "searching": partial(searching.measured, data, 1, 20),
            "reranking": partial(reranking.measured, data, 1, 5),
            "serving": partial(serving.measured, data, 1, 20, 1.0),
            "shell": partial(shell.measured, 1),
            "growth": partial(growth.measured, data, (400,), 1, 5),
        }
    return {
        "embedding": partial(embedding.measured, 7),
        "indexing": partial(indexing.measured, data, 5),
        "searching": partial(searching.measured, data, 4, None),
        "reranking": partial(reranking.measured, data, 5, 50),
        "serving": partial(serving.measured, data, 3, 100, 3.0),
        "shell": partial(shell.measured, 9),
        "growth": partial(growth.measured, data, growth.SIZES, 3, 50),
    }


def main() -> None:
    """Measure, record, and write the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=lambda given: Path(given).resolve())
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--ready", action="store_true")
    given = parser.parse_args()
    if given.ready:
        get_ready(given.data / searching.SET)
        for size in growth.SIZES:
            growth.collection_of(given.data, size)
        return
    all_parts = parts(given.data, given.quick)
    for name in given.only or all_parts:
        say(f"{name}:")
        record(HOME / "quick" if given.quick else RESULTS, name, all_parts[name]())
    if not given.quick:
        write()


if __name__ == "__main__":
    main()

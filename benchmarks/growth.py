"""The time of a search against the size of the corpus, with real texts, beside the peers."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.children import HOME
from benchmarks.corpora import first_documents
from benchmarks.measuring import Result, in_turn, measured_on, say, spread_of_rounds
from benchmarks.peers import PACKAGES, PEERS
from benchmarks.searchers import FOOTNOTE, get_ready, searcher
from benchmarks.searching import SET, K
from rag.beir import corpus_size, read_collection

# SciFact first, so that the smaller corpora are parts of it; its queries are asked of all.
SETS = (SET, "hotpotqa_distractor500", "nq_open_oracle", "ramdocs", "squad_v1_dev")


SIZES = (1_000, 5_183)


def collection_of(data: Path, size: int) -> Path:
    """Return a collection of so many documents, or of all there are, ready to be searched."""
    folder = first_documents(data, _sets(data), size, HOME / "sets")
    get_ready(folder)
    return folder


def measured(data: Path, sizes: tuple[int, ...], rounds: int, queries: int) -> Result:
    """Return the time of a search at each size, the last being at most all there is."""
    request = {"queries": list(read_collection(data / SET, "test", queries).queries.values()), "k": K}
    points = []
    for size in sizes:
        folder = collection_of(data, size)
        say(f"{corpus_size(folder)} documents")
        with ExitStack() as stack:
            searchers = {name: stack.enter_context(searcher(name, folder)) for name in (FOOTNOTE, *PEERS)}
            given = in_turn({name: partial(one.ask, request) for name, one in searchers.items()}, rounds)
        ms = {name: spread_of_rounds([one["ms"] for one in of_rounds]) for name, of_rounds in given.items()}
        points.append({"documents": corpus_size(folder), "ms": ms})
    return {"sets": list(_sets(data)), "queries": queries, "k": K, "points": points, **measured_on(*PACKAGES)}


def _sets(data: Path) -> tuple[str, ...]:
    return tuple(name for name in SETS if (data / name).is_dir())

"""One search in process without a reranker: Footnote beside its peers on SciFact, speed and quality in one run."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measuring import Result, in_turn, measured_on, spread_of_rounds
from benchmarks.peers import PACKAGES, PEERS
from benchmarks.searchers import FOOTNOTE, get_ready, searcher
from benchmarks.soak import resident_mb
from rag.beir import Collection, read_collection
from rag.measures import per_query

SET = "scifact"
# Ten different documents may need more passages than ten; all are asked for as many.
K = 30


def measured(data: Path, rounds: int, queries: int | None) -> Result:
    """Return the time of a search and nDCG@10 of each; in a round each answers all queries, one after another."""
    folder = data / SET
    get_ready(folder)
    collection = read_collection(folder, "test", queries)
    request = {"queries": list(collection.queries.values()), "k": K}
    with ExitStack() as stack:
        searchers = {name: stack.enter_context(searcher(name, folder)) for name in (FOOTNOTE, *PEERS)}
        given = in_turn({name: partial(one.ask, request) for name, one in searchers.items()}, rounds)
        resident = {name: round(resident_mb(one.pid)) for name, one in searchers.items()}
    return {
        "set": SET,
        "queries": len(collection.queries),
        "k": K,
        "searchers": {
            name: {
                "ms": spread_of_rounds([answers["ms"] for answers in of_rounds]),
                "nDCG@10": ndcg(collection, of_rounds[-1]["found"]),
                "resident_mb": resident[name],
            }
            for name, of_rounds in given.items()
        },
        **measured_on(*PACKAGES),
    }


def ndcg(collection: Collection, found: list[list[str]]) -> float:
    """Return the mean nDCG@10 of rankings, in the order of the collection's queries."""
    run = {
        query_id: {doc_id: 1 / rank for rank, doc_id in enumerate(dict.fromkeys(ids), start=1)}
        for query_id, ids in zip(collection.queries, found, strict=True)
    }
    return round(float(np.mean(list(per_query(collection.qrels, run)["nDCG@10"].values()))), 4)

"""What HTTP costs on top of a search, searches a second by connections, and how the server starts."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.children import HOME, MODELS, Child, Handle, Request, answer, child, milliseconds_since, rag, serving
from benchmarks.connection import Connection, load, search_request
from benchmarks.measuring import Result, in_turn, measured_on, spread, spread_of_rounds
from benchmarks.searchers import FOOTNOTE, get_ready, searcher
from benchmarks.searching import SET
from benchmarks.soak import resident_mb
from index.embedder import DEFAULT_MODEL, OnnxEmbedder, find_model
from rag.beir import read_collection

PEER = "LlamaIndex"
CONNECTIONS = (1, 2, 4, 8, 16, 32)
K = 10
_RAG = ["api.cli", "serve", "--port", "0"]
_SEEDS = HOME / "seeds"
_POLL_S = 0.01


def measured(data: Path, rounds: int, queries: int, seconds: float) -> Result:
    """Return all of it; each number of connections is kept up for so many seconds a round."""
    folder = data / SET
    home = get_ready(folder)
    texts = list(read_collection(folder, "test", queries).queries.values())
    with (
        serving(_RAG, RAG_DATA_DIR=home) as (ours, _),
        serving(["benchmarks.searchers", PEER, str(folder), "--serve"]) as (theirs, _),
        searcher(FOOTNOTE, folder) as in_process,
        child("serving", "embed") as embedding,
    ):
        on_top = _on_top(ours, in_process, texts, rounds)
        throughput = _throughput({FOOTNOTE: ours, PEER: theirs}, embedding, texts, rounds, seconds)
    return {
        "set": SET,
        "queries": queries,
        "k": K,
        "on_top_ms": on_top,
        "seconds": seconds,
        **throughput,
        "start": _start(rounds),
        **measured_on("fastapi", "llama-index-core", "torch", "uvicorn"),
    }


def _on_top(address: str, in_process: Child, texts: list[str], rounds: int) -> Result:
    """Return what a search takes over HTTP and in process, on one connection, and the difference query by query."""
    connection = Connection(address)
    requests = [search_request(text, K) for text in texts]

    def over_http() -> Result:
        given = []
        for request in requests:
            started = time.perf_counter()
            _, body = connection.send(request)
            given.append((milliseconds_since(started), json.loads(body)["took_ms"]))
        return {"ms": [taken for taken, _ in given], "took_ms": [said for _, said in given]}

    runs: dict[str, Callable[[], Result]] = {
        "http": over_http,
        "in_process": partial(in_process.ask, {"queries": texts, "k": K}),
    }
    given = in_turn(runs, rounds)
    connection.close()
    http, inside = ([one["ms"] for one in given[name]] for name in ("http", "in_process"))
    said = [one["took_ms"] for one in given["http"]]
    return {
        "http": spread_of_rounds(http),
        "in_process": spread_of_rounds(inside),
        "difference": spread_of_rounds([_differences(*pair) for pair in zip(http, inside, strict=True)]),
        # The same within one request: what it takes beyond what the answer itself says it took.
        "beyond_took_ms": spread_of_rounds([_differences(*pair) for pair in zip(http, said, strict=True)]),
    }


def _differences(these: list[float], those: list[float]) -> list[float]:
    return [one - other for one, other in zip(these, those, strict=True)]


def _throughput(addresses: dict[str, str], embedding: Child, texts: list[str], rounds: int, seconds: float) -> Result:
    """Return the searches a second of each server by connections, and the bare embeddings of queries a second."""
    requests = [search_request(text, K) for text in texts]
    runs: dict[str, Callable[[], Result]] = {"bare": partial(embedding.ask, {"queries": texts, "seconds": seconds})}
    for name, address in addresses.items():
        for connections in CONNECTIONS:
            runs[f"{name} {connections}"] = partial(load, address, requests, connections, seconds)
    given = in_turn(runs, rounds)
    return {
        "bare_embeddings_a_second": _rates([one["a_second"] for one in given["bare"]]),
        "searches_a_second": {
            name: {
                str(connections): _rates([one["a_second"] for one in given[f"{name} {connections}"]])
                | {
                    "ms": [one["ms"]["p50"] if one["ms"] else None for one in given[f"{name} {connections}"]],
                    "refused": sum(one["refused"] for one in given[f"{name} {connections}"]),
                }
                for connections in CONNECTIONS
            }
            for name in addresses
        },
    }


def _rates(rates: list[float]) -> Result:
    return spread(rates, 1) | {"rounds": rates}


def _start(rounds: int) -> Result:
    """Return how soon `rag serve` is ready on the seeds, and what it holds of memory then and after some searches."""
    rag("index", RAG_DATA_DIR=_SEEDS)
    given: list[tuple[float, float, float]] = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        with serving(_RAG, RAG_DATA_DIR=_SEEDS) as (address, pid):
            connection = Connection(address)
            ready = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            while connection.send(ready)[0] != 200:
                time.sleep(_POLL_S)
            seconds, resident = time.perf_counter() - started, resident_mb(pid)
            for number in range(20):
                connection.send(search_request(f"Who delayed export licences in {2000 + number}?", K))
            given.append((seconds, resident, resident_mb(pid)))
            connection.close()
    seconds_of, at_first, then = zip(*given[1:], strict=True)
    return {
        "seconds": spread(seconds_of, 3),
        "resident_mb": spread(at_first, 1),
        "resident_mb_after_searches": spread(then, 1),
    }


def _embeds() -> Handle:
    """Return what embeds queries on as many threads as there are cores, and nothing else."""
    embedder = OnnxEmbedder(find_model(MODELS, DEFAULT_MODEL))

    def handle(request: Request) -> Result:
        queries, until = request["queries"], time.perf_counter() + request["seconds"]
        counts: list[int] = []

        def embed(first: int) -> None:
            number = first
            while time.perf_counter() < until:
                embedder.embed_query(queries[number % len(queries)])
                number += cores
            counts.append((number - first) // cores)

        cores = os.cpu_count() or 1
        threads = [threading.Thread(target=embed, args=(number,)) for number in range(cores)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"a_second": round(sum(counts) / float(request["seconds"]), 1)}

    return handle


if __name__ == "__main__":
    assert sys.argv[1] == "embed"
    answer(_embeds)

"""`ask` with a cross-encoder of 6 layers and 384 dimensions, against sentence-transformers' reading of the same.

The cross-encoder has the weights of the default embedding model and a head of random weights: what it says means
nothing, and what it takes is what any of its size takes. It reads twelve candidates a question. Beside it stand the
same candidates, put to CrossEncoder.predict in float32 as one batch, and `ask` without a reranker.
"""

import sys
import time
from functools import partial
from itertools import repeat
from pathlib import Path

from benchmarks.children import HOME, MODELS, Handle, Request, answer, child, milliseconds_since, rag, run
from benchmarks.corpora import indexed
from benchmarks.measuring import Result, in_turn, measured_on, spread_of_rounds
from benchmarks.peers import MODEL
from benchmarks.searchers import get_ready
from benchmarks.searching import SET
from index.cross_encoder import CrossEncoder, Reranker, open_cross_encoder
from index.errors import ModelNotPrepared
from rag.beir import read_collection
from rag.engine import Engine
from rag.query import Query
from rag.reranking import CrossEncoderRereading, Reranking
from rag.settings import Settings

CANDIDATES = 12
SOURCE = HOME / "cross-encoder"
# No deadline of a service that is read by people shall cut a measurement short.
_DEADLINE_S = 60.0


class TwelveRead(CrossEncoderRereading):
    """A rereading of twelve candidates."""

    depth = CANDIDATES


class Listening:
    """A cross-encoder that remembers what it has read."""

    def __init__(self, reranker: Reranker) -> None:
        self.name = reranker.name
        self._reranker = reranker
        self.texts: list[str] = []

    def score(self, question: str, text: str) -> float:
        """Return the cross-encoder's score."""
        self.texts.append(text)
        return self._reranker.score(question, text)


def measured(data: Path, rounds: int, queries: int) -> Result:
    """Return the times of `ask` with and without the cross-encoder and of the reference reading the same."""
    folder = data / SET
    get_ready(folder, peers=False)
    cross_encoder = _prepared()
    asked = {"queries": list(read_collection(folder, "test", queries).queries.values())}
    with child("reranking", "ask", folder) as asking, child("reranking", "predict") as predicting:
        read = asking.ask({**asked, "rerank": True})["read"]
        assert all(len(texts) == CANDIDATES for texts in read)
        given = in_turn(
            {
                "ask": partial(asking.ask, {**asked, "rerank": True}),
                "ask_without": partial(asking.ask, {**asked, "rerank": False}),
                "reference": partial(predicting.ask, {**asked, "read": read}),
            },
            rounds,
        )
    return {
        "set": SET,
        "queries": queries,
        "candidates": CANDIDATES,
        "precision": cross_encoder.card.precision,
        "ms": {name: spread_of_rounds([one["ms"] for one in of_rounds]) for name, of_rounds in given.items()},
        **measured_on("sentence-transformers", "torch"),
    }


def _prepared() -> CrossEncoder:
    """Return the cross-encoder, made and prepared now unless it is there already."""
    if not SOURCE.is_dir():
        run("reranking", "make")
    try:
        return open_cross_encoder(MODELS, str(SOURCE))
    except ModelNotPrepared:
        rag("prepare", RAG_RERANKER=SOURCE)
        return open_cross_encoder(MODELS, str(SOURCE))


def _make() -> None:
    import torch
    from sentence_transformers import CrossEncoder as Reference

    torch.manual_seed(7)
    # Without a head among the weights, transformers makes one of random weights.
    Reference(MODEL, num_labels=1, device="cpu").save_pretrained(str(SOURCE))


def _asks(folder: Path) -> Handle:
    corpus = indexed(Settings.read(), folder)
    listening = Listening(open_cross_encoder(MODELS, str(SOURCE)))
    engine = Engine(corpus, Reranking(TwelveRead(listening), deadline_s=_DEADLINE_S))

    def handle(request: Request) -> Result:
        milliseconds, read = [], []
        for query in request["queries"]:
            listening.texts.clear()
            started = time.perf_counter()
            engine.ask(Query.parse(query, rerank=request["rerank"]))
            milliseconds.append(milliseconds_since(started))
            read.append(list(listening.texts))
        return {"ms": milliseconds, "read": read}

    return handle


def _predicts() -> Handle:
    from sentence_transformers import CrossEncoder as Reference

    reference = Reference(str(SOURCE), device="cpu")

    def handle(request: Request) -> Result:
        milliseconds = []
        for query, texts in zip(request["queries"], request["read"], strict=True):
            pairs = list(zip(repeat(query), texts, strict=False))
            started = time.perf_counter()
            reference.predict(pairs, batch_size=CANDIDATES, show_progress_bar=False)
            milliseconds.append(milliseconds_since(started))
        return {"ms": milliseconds}

    return handle


def main() -> None:
    """Be the process that asks or the one that predicts, or make the model."""
    if sys.argv[1] == "make":
        _make()
    elif sys.argv[1] == "ask":
        answer(lambda: _asks(Path(sys.argv[2])))
    else:
        answer(_predicts)


if __name__ == "__main__":
    main()

"""Reranking: the best candidates read together with the question, as far as a deadline lets and as it matters."""

import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from index.cross_encoder import Reranker, open_cross_encoder
from index.reader import Reader
from rag.evidence import Evidence
from rag.reader import ReaderRereading, passage_text

# What RAG_RERANKER calls the reader that comes along, and no rereading at all.
READER, OFF = "reader", "off"
DEADLINE_S = 0.4


class Rereading(Protocol):
    """What reads candidates together with the question."""

    @property
    def depth(self) -> int:
        """How many candidates it reads at most."""

    @property
    def reach(self) -> float:
        """How far above the first ranking's score its own may be at most."""

    def reread(self, question: str, item: Evidence) -> Evidence:
        """Return a candidate with the score that it gets from reading it."""


class CrossEncoderRereading:
    """Rereads with a cross-encoder, whose score takes the place of the first ranking's."""

    depth = 30
    reach = math.inf

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker

    def reread(self, question: str, item: Evidence) -> Evidence:
        """Return a candidate with the cross-encoder's score."""
        return replace(item, score=self._reranker.score(question, passage_text(item.passage).text))


class Reranking:
    """Puts a rereading to a ranking. Any number of threads may ask at once; they share `threads` that read."""

    def __init__(self, rereading: Rereading, threads: int = 0, deadline_s: float = DEADLINE_S) -> None:
        self._rereading = rereading
        self._deadline_s = deadline_s
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="rerank")

    @property
    def depth(self) -> int:
        """How many candidates are read at most."""
        return self._rereading.depth

    def reread(self, question: str, ranking: Sequence[Evidence], shown: int) -> tuple[list[Evidence], int]:
        """Return the ranking with the candidates that were read first, by the scores they got, and their number.

        Candidates are read in the order of the ranking. One that the deadline overtakes, or that cannot come to be
        among the first `shown` any more, is not begun and keeps its place after those that were read.
        """
        deadline = time.monotonic() + self._deadline_s
        scores: list[float] = []

        def read(item: Evidence) -> Evidence | None:
            highest = item.score + self._rereading.reach
            if time.monotonic() >= deadline or sum(score > highest for score in list(scores)) >= shown:
                return None
            read_one = self._rereading.reread(question, item)
            scores.append(read_one.score)
            # Above every fused score, which is at most 1: what has been read stands before what has not.
            return replace(read_one, score=1 + read_one.score)

        read_ones = [item for item in self._pool.map(read, ranking[: self.depth]) if item is not None]
        known = {item.passage_id for item in read_ones}
        read_ones.sort(key=lambda item: (-item.score, item.passage_id))
        return [*read_ones, *(item for item in ranking if item.passage_id not in known)], len(read_ones)


def open_reranking(
    models_dir: Path, reranker: str, threads: int = 0, deadline_s: float = DEADLINE_S
) -> Reranking | None:
    """Return the reranking of a name: the reader's, a prepared cross-encoder's, or none where it is `off`.

    Raises ModelNotPrepared where a cross-encoder is not prepared, ModelUnusable where a model is damaged.
    """
    if reranker == OFF:
        return None
    if reranker == READER:
        return Reranking(ReaderRereading(Reader()), threads, deadline_s)
    return Reranking(CrossEncoderRereading(open_cross_encoder(models_dir, reranker)), threads, deadline_s)

"""Reranking: the best candidates read together with the question, as far as a deadline lets."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from index.cross_encoder import Reranker, open_cross_encoder
from index.document import Span
from index.furniture import without_inline
from rag.evidence import Evidence

RERANKED = 30
DEADLINE_S = 0.4


class Reranking:
    """Puts a reranker to a ranking. Any number of threads may ask at once; they share `threads` that read."""

    def __init__(self, reranker: Reranker, threads: int = 0, deadline_s: float = DEADLINE_S) -> None:
        self._reranker = reranker
        self._deadline_s = deadline_s
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="rerank")

    def reread(self, question: str, ranking: Sequence[Evidence]) -> tuple[list[Evidence], int]:
        """Return the ranking with the candidates that were read first, by what the reranker says, and their number.

        Candidates are read in the order of the ranking, at most 30; one that the deadline overtakes is not begun and
        keeps its place after those that were read.
        """
        deadline = time.monotonic() + self._deadline_s

        def read(item: Evidence) -> Evidence | None:
            if time.monotonic() >= deadline:
                return None
            # Above every fused score, which is at most 1: what has been read stands before what has not.
            return replace(item, score=1 + self._reranker.score(question, _text(item)))

        read_ones = [item for item in self._pool.map(read, ranking[:RERANKED]) if item is not None]
        known = {item.passage_id for item in read_ones}
        read_ones.sort(key=lambda item: (-item.score, item.passage_id))
        return [*read_ones, *(item for item in ranking if item.passage_id not in known)], len(read_ones)


def open_reranking(models_dir: Path, reranker: str, threads: int = 0) -> Reranking:
    """Return the reranking by a prepared cross-encoder; raise ModelNotPrepared where it is not prepared."""
    return Reranking(open_cross_encoder(models_dir, reranker), threads)


def _text(item: Evidence) -> str:
    """Return what is read of a passage: what is embedded of it, its title and headings and its text."""
    passage = item.passage
    context = " › ".join(filter(None, (passage.metadata.title, passage.heading)))
    body = without_inline(passage.text, Span(0, len(passage.text)))
    return f"{context}\n{body}" if context else body

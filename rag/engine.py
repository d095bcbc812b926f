"""The engine: the whole path of a question, top to bottom."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from index.corpus import Corpus, View
from rag.answer import Answer, compose
from rag.citation import Citation, cite
from rag.errors import InvalidQuery
from rag.evidence import Candidate, Evidence, Ranked, look_into, weigh
from rag.fusion import VECTOR_WEIGHT, diversified, fused
from rag.query import Query
from rag.reranking import RERANKED, Reranking

CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage in the final ranking: its rank from 1, its score, its citation and the sentences to look at."""

    rank: int
    score: float
    passage_id: str
    citation: Citation
    highlights: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class SearchResponse:
    """The ranking for a query. `reranked` is the number of candidates that a reranker read."""

    query: Query
    hits: tuple[Hit, ...]
    took_ms: float
    reranked: int = 0


@dataclass(frozen=True, slots=True)
class AskResponse:
    """The answer to a question with the ranking it was made from."""

    question: Query
    answer: Answer
    hits: tuple[Hit, ...]
    took_ms: float


class Engine:
    """Answers queries over a corpus. Any number of threads may ask at once.

    `vector_weight` in [0, 1] is the share of vectors in the ranking; the rest is the words'. With a reranking, the best
    of the ranking are read again.
    """

    def __init__(
        self, corpus: Corpus, reranking: Reranking | None = None, *, vector_weight: float = VECTOR_WEIGHT
    ) -> None:
        self.corpus = corpus
        self._reranking = reranking
        self._vector_weight = vector_weight

    def search(self, query: Query) -> SearchResponse:
        """Return the passages that answer a query best."""
        started = time.perf_counter()
        with self.corpus.read() as view:
            evidence, reranked = self._retrieve(view, query)
        return SearchResponse(query, _hits(evidence), _ms_since(started), reranked)

    def ask(self, question: Query) -> AskResponse:
        """Return an answer whose every sentence is cited, or one that abstains."""
        started = time.perf_counter()
        with self.corpus.read() as view:
            evidence, _ = self._retrieve(view, question)
            documents, _ = view.reading.count()
        nothing_found = "No document passes the filters." if documents else "There are no documents yet."
        answer = compose(evidence, nothing_found=nothing_found)
        return AskResponse(question, answer, _hits(evidence), _ms_since(started))

    def _retrieve(self, view: View, query: Query) -> tuple[list[Evidence], int]:
        """Return the evidence down to the cutoff, and how much of it a reranker has read."""
        vector = self.corpus.embedder.embed_query(query.text)
        doc_nos = view.reading.doc_nos(query.filters)
        nearest = view.vectors.nearest(vector, CANDIDATES, doc_nos)
        matching = view.words.matching(query.text, CANDIDATES, doc_nos)
        numbers = sorted({number for number, _ in [*nearest, *matching]})
        candidates = weigh(view.reading.passage_vectors(numbers), vector)
        reranking = self._reranking_for(query)
        looked_at = max(query.top_k, RERANKED if reranking else 0)
        best = self._ranking(view, query, candidates)[:looked_at]
        passages = view.reading.passages([one.candidate.passage_no for one in best])
        evidence = [look_into(one, passage, vector) for one, passage in zip(best, passages, strict=True)]
        evidence, reranked = reranking.reread(query.text, evidence) if reranking else (evidence, 0)
        return evidence[: query.top_k], reranked

    def _ranking(self, view: View, query: Query, candidates: Sequence[Candidate]) -> list[Ranked]:
        overlaps = view.words.overlaps(query.text, [candidate.passage_no for candidate in candidates])
        return diversified(fused(candidates, overlaps, self._vector_weight))

    def _reranking_for(self, query: Query) -> Reranking | None:
        if query.rerank and self._reranking is None:
            raise InvalidQuery("rerank is true, and this service has no reranker; set RAG_RERANKER, or leave it out.")
        return None if query.rerank is False else self._reranking


def _hits(evidence: Sequence[Evidence]) -> tuple[Hit, ...]:
    return tuple(
        Hit(
            rank=rank,
            score=item.score,
            passage_id=item.passage_id,
            citation=cite(item.passage, item.passage.span),
            highlights=tuple(cite(item.passage, span) for span in item.highlights),
        )
        for rank, item in enumerate(evidence, start=1)
    )


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)

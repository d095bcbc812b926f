"""The engine: the whole path of a question, top to bottom."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from index.analysis import words_of
from index.corpus import Corpus, View, open_corpus
from index.document import Span
from index.embedder import DEFAULT_MODEL, Embedding
from index.records import Filters
from index.storage import Milvus
from rag.answer import Answer, Asked, Grounds, Rewording, abstain, compose
from rag.answerability import probability, read_features
from rag.citation import Citation, cite
from rag.compound import one_ranking, parts_of, whole_of
from rag.context import context_of
from rag.conversation import Turn
from rag.errors import InvalidQuery
from rag.evidence import Evidence, QueryTokens, likeness, query_tokens, read
from rag.filtering import why_nothing
from rag.fusion import READ, Candidate, Ranked, Weights, candidates_of, diversified, followed, fused, scale_of
from rag.grounding import Generated
from rag.names import ANOTHER_FORM, SOUGHT_IN, has_another_form, unmentioned, unmentioned_codes, unmentioned_numbers
from rag.naming import LEADING, bridged, from_named_sources
from rag.query import MAX_QUERY_CHARS, Query
from rag.relevance import read_sentences
from rag.reranking import DEADLINE_S, OFF, Reranking, open_reranking
from rag.sources import Source
from rag.spelling import corrected, not_shouted
from rag.stages import OnStage, Stages
from rag.subject import of_the_subject
from rag.term_weights import lighter_parts, weighted
from rag.welcome import asks_nothing, welcome

CANDIDATES = 100
# An answer is made from so many of the best passages, however many are to be shown.
ANSWERED_FROM = 10
# What is as likely to be answered by itself goes on from no other question.
SURELY_ALONE = 0.95
# The article that is spoken of answers what goes on so likely in its own words, and so likely with the question before
# it, which makes nearly anything likely.
LIKELY_THERE, SURELY_THERE = 0.6, 0.98
# As many as `threads` in `rag/settings.py` lets ask at once.
_MOST_BESIDE = 256


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
    """The answer to a question with the ranking it was made from, that of all the parts of a compound one.

    `standalone` is the question that was answered, its parts as questions of their own where they were answered apart.
    """

    question: Query
    standalone: Query
    answer: Answer
    hits: tuple[Hit, ...]
    took_ms: float


class _Ranking(NamedTuple):
    """The evidence as the first stage ranks it for a query, as it is shown, and how much of it a reranker has read.

    `doc_nos` are the documents that pass the filters, as searches of the view take them; None where every one does.
    `embedding` is the question's.
    """

    query: Query
    first_stage: list[Evidence]
    shown: list[Evidence]
    reranked: int
    doc_nos: Any
    embedding: Embedding


class _ByWords(NamedTuple):
    """What is found by a query's words: the best passages with their BM25 scores, and what the words count.

    `idfs` are those that are searched for, with what each counts in an overlap; `weights` is where every word stands,
    with what its tokens count together.
    """

    bm25: dict[int, float]
    idfs: dict[str, float]
    weights: Sequence[tuple[Span, float]]


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of an answer as it comes about: of its ranking, then of its text piece by piece.

    Once `is_gone` is true, nobody listens, and a language model is left.
    """

    on_hits: Callable[[tuple[Hit, ...]], None] = _nothing
    on_text: Callable[[str], None] = _nothing
    is_gone: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Observer:
    """Who hears of every question: its words, each of its stages, and its answer where one was asked for."""

    on_question: Callable[[str], None] = _nothing
    on_stage: OnStage = _nothing
    on_answer: Callable[[AskResponse], None] = _nothing


class Writer(Protocol):
    """What puts an answer into words: `rag.generation.Generator`, which is imported only where one is configured."""

    def answer(
        self,
        question: str,
        sources: Sequence[Source],
        on_text: Callable[[str], None] | None = None,
        stopped: Callable[[], bool] = ...,
    ) -> Generated:
        """Return what stands of an answer from numbered sources; `on_text` gets each sentence as soon as it stands."""


class Engine:
    """Answers questions over a corpus. Any number of threads may ask at once.

    `Engine.open` makes one of a data folder; a `with` statement closes it. A question is given in words, or as a Query
    where it has a cutoff or filters of its own.

    `weights` are what each kind of evidence counts in the ranking. With a reranking, the best of the ranking are read
    again; with a generator, answers are put into words by a language model.
    """

    def __init__(
        self,
        corpus: Corpus,
        reranking: Reranking | None = None,
        generator: Writer | None = None,
        weights: Weights | None = None,
    ) -> None:
        self.corpus = corpus
        self._generator = generator
        self._reranking = reranking
        self._weights = weights or Weights()
        self._observer = Observer()
        # The word search of a question runs beside its embedding. A thread is begun only where none is free.
        self._beside = ThreadPoolExecutor(_MOST_BESIDE, thread_name_prefix="words")

    @classmethod
    def open(
        cls,
        folder: Path | str = "var",
        *,
        model: str = DEFAULT_MODEL,
        models_dir: Path | str | None = None,
        reranker: str = OFF,
        rerank_deadline_s: float = DEADLINE_S,
        generator: Writer | None = None,
        threads: int = 0,
        create: bool = False,
        milvus: Milvus | None = None,
    ) -> Self:
        """Return an engine over the data in `folder`, which `rag index` made with the embedding model `model`.

        Prepared models are looked for in `models_dir`, `models` in the data folder where it is not given. `reranker` is
        `reader` for the one that comes along, or a prepared cross-encoder's name; it begins to read no candidate after
        `rerank_deadline_s`. `threads` embed and rerank, 0 for one on each core. With `create`, data that is not there
        is begun. The data is in `milvus` where one is given. Raises DataMissing, DataMismatch or ModelNotPrepared with
        what to do about it.
        """
        data = Path(folder)
        models = data / "models" if models_dir is None else Path(models_dir)
        reranking = open_reranking(models, reranker, threads, rerank_deadline_s)
        corpus = open_corpus(data, model, models, threads, create=create, milvus=milvus)
        return cls(corpus, reranking, generator)

    def close(self) -> None:
        """Bring what is derived from the data up to date and close it."""
        self.corpus.close()

    def __enter__(self) -> Self:
        """Return the engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the engine."""
        self.close()

    def observed(self, observer: Observer) -> Self:
        """Return this engine, over the same corpus, with an observer of its questions."""
        engine = copy(self)
        engine._observer = observer
        return engine

    @property
    def asks_a_language_model(self) -> bool:
        """Whether an answer may wait for a language model."""
        return self._generator is not None

    def search(self, query: Query | str) -> SearchResponse:
        """Return the passages that answer a query best; raise InvalidQuery for words that cannot be one."""
        started, query = time.perf_counter(), _parsed(query)
        self._observer.on_question(query.text)
        stages = self._stages()
        with self.corpus.read() as view:
            asked = [self._understood(view, replace(query, text=part.question)) for part in parts_of(query.text)]
            rankings = [self._retrieve(view, one, query.top_k, stages) for one in asked]
        shown = one_ranking([one.shown for one in rankings])[: query.top_k]
        return SearchResponse(query, _hits(shown), _ms_since(started), sum(one.reranked for one in rankings))

    def ask(self, question: Query | str, history: Sequence[Turn] = (), listener: Listener | None = None) -> AskResponse:
        """Return an answer whose every sentence is cited, or one that abstains; raise InvalidQuery as search does.

        `history` is the conversation so far, oldest first; `listener` hears of the answer as it comes about. Each part
        of a compound question is answered by itself; where none is, the question is taken as a whole.
        """
        started, question, listener = time.perf_counter(), _parsed(question), listener or Listener()
        if asks_nothing(question.text, follows=bool(history)):
            return self._welcomed(question, listener, started)
        divided = parts_of(question.text, history)
        asked = [replace(question, text=Query.parse(part.question).text) for part in divided]
        self._observer.on_question(" ".join(one.text for one in asked))
        stages = self._stages()
        with self.corpus.read() as view:
            rankings = [
                self._gone_on(view, self._ranked(view, one, stages), part.going_on)
                for one, part in zip(asked, divided, strict=True)
            ]
            hits = _hits(one_ranking([one.shown for one in rankings])[: question.top_k])
            listener.on_hits(hits)
            parts = self._asked(view, [part.text for part in divided], rankings)
            answer = compose(parts) if hits else abstain(why_nothing(view, question.filters))
            if hits and answer.abstained and len(parts) > 1:
                whole = whole_of(question.text, history)
                ranking = self._ranked(view, replace(question, text=Query.parse(whole.question).text), stages)
                parts = self._asked(view, [whole.text], [ranking])
                answer = compose(parts)
        stages.over("answer")
        if answer.abstained or self._generator is None:
            listener.on_text(answer.text)
        else:
            rewording = Rewording(parts, answer, listener.on_text)
            made = self._generator.answer(rewording.question, rewording.sources, rewording.take, listener.is_gone)
            answer = rewording.answer(made)
            stages.over("generate")
        understood = replace(question, text=" ".join(one.question for one in parts))
        response = AskResponse(question, understood, answer, hits, _ms_since(started))
        self._observer.on_answer(response)
        return response

    def _welcomed(self, question: Query, listener: Listener, started: float) -> AskResponse:
        """Return what is said to a question that asks nothing of the articles; nothing is searched."""
        self._observer.on_question(question.text)
        with self.corpus.read() as view:
            answer = welcome(view, question.filters)
        listener.on_hits(())
        listener.on_text(answer.text)
        response = AskResponse(question, question, answer, (), _ms_since(started))
        self._observer.on_answer(response)
        return response

    def why_nothing(self, filters: Filters) -> str:
        """Return why no document passes filters, for people."""
        with self.corpus.read() as view:
            return why_nothing(view, filters)

    def grounds(self, question: Query) -> Grounds:
        """Return what an answer to a question, taken as a whole, would be made from."""
        with self.corpus.read() as view:
            return self._grounds(view, self._ranked(view, question, self._stages()))

    def _asked(self, view: View, texts: Sequence[str], rankings: Sequence[_Ranking]) -> list[Asked]:
        """Return what was put in these words with what each is answered from."""
        return [
            Asked(text, ranking.query.text, self._grounds(view, ranking))
            for text, ranking in zip(texts, rankings, strict=True)
        ]

    def _ranked(self, view: View, query: Query, stages: Stages) -> _Ranking:
        """Return the ranking that a query is answered from."""
        return self._retrieve(view, self._understood(view, query), max(query.top_k, ANSWERED_FROM), stages)

    def _gone_on(self, view: View, alone: _Ranking, going_on: str | None) -> _Ranking:
        """Return the ranking for a question by itself, or for the one that it may be, going on from the one before.

        It goes on where it is not surely answered by itself, and where the article that is spoken of surely answers it
        together with the one before, and is likely to do so in its own words, too.
        """
        if going_on is None or len(going_on) > MAX_QUERY_CHARS or not alone.first_stage:
            return alone
        if self._likely(view, alone) >= SURELY_ALONE:
            return alone
        unheard, before = Stages(_nothing), context_of(going_on)
        spoken_of = self._ranked(view, replace(alone.query, text=before.of(going_on) if before else going_on), unheard)
        its_article = replace(alone.query.filters, doc_ids=(spoken_of.first_stage[0].passage.doc_id,))
        there = self._ranked(view, replace(alone.query, filters=its_article), unheard)
        if self._likely(view, there) < LIKELY_THERE:
            return alone
        together = replace(alone.query, text=Query.parse(going_on).text)
        there = self._ranked(view, replace(together, filters=its_article), unheard)
        if self._likely(view, there) < SURELY_THERE:
            return alone
        return self._ranked(view, together, unheard)

    def _likely(self, view: View, ranking: _Ranking) -> float:
        features = self._grounds(view, ranking).features
        return probability(features) if features else 0.0

    def _understood(self, view: View, query: Query) -> Query:
        """Return a query for its subject, with the articles' words in the place of slips, while it is not too long."""
        text = corrected(of_the_subject(not_shouted(query.text)), view, self.corpus.embedder.is_word, query.filters)
        return replace(query, text=text) if len(text) <= MAX_QUERY_CHARS else query

    def _grounds(self, view: View, ranking: _Ranking) -> Grounds:
        """Return the grounds in the first passages of a ranking, the same ones however many are to be shown."""
        question = ranking.query.text
        idfs = view.words.idfs(question)
        evidence = tuple(ranking.first_stage[:ANSWERED_FROM])
        if not evidence:
            return Grounds((), (), idfs, None)
        sentences = tuple(read_sentences(question, evidence, idfs))
        searched = view.vectors.searched(ranking.doc_nos)
        features = read_features(question, evidence, sentences, idfs, searched)
        if ranking.reranked:
            evidence = tuple(ranking.shown[:ANSWERED_FROM])
            sentences = tuple(read_sentences(question, evidence, idfs))
        sources = words_of(" ".join(item.passage.metadata.source or "" for item in evidence))

        @cache
        def is_mentioned(word: str) -> bool:
            return words_of(word) <= sources or bool(view.words.matching(word, 1, ranking.doc_nos))

        names = unmentioned(question, idfs, is_mentioned)
        near = evidence[:SOUGHT_IN]
        absent = [
            one
            for one in names
            if likeness(ranking.embedding, one, near) < ANOTHER_FORM
            or not has_another_form(
                one.of(question), [f"{item.passage.metadata.title}\n{item.passage.text}" for item in near]
            )
        ]
        absent += unmentioned_codes(question, idfs, is_mentioned)
        absent += unmentioned_numbers(
            question, [f"{one.passage.metadata.title}\n{one.passage.text}" for one in evidence]
        )
        said = tuple(dict.fromkeys(one.of(question) for one in absent))
        return Grounds(evidence, sentences, idfs, features, said)

    def _retrieve(self, view: View, query: Query, depth: int, stages: Stages) -> _Ranking:
        """Return the ranking down to a depth."""
        doc_nos = view.reading.doc_nos(query.filters)
        stages.over("open")

        def by_words() -> _ByWords:
            bm25 = dict(view.words.matching(query.text, CANDIDATES, doc_nos))
            return _ByWords(bm25, weighted(query.text, view.words.idfs(query.text)), view.words.weights(query.text))

        beside = self._beside.submit(by_words)
        embedding = self.corpus.embedder.embed_query(query.text)
        stages.over("embed")
        near = view.vectors.nearest(embedding.vector, CANDIDATES, doc_nos)
        stages.over("vectors")
        words = beside.result()
        stages.over("words")
        near += view.vectors.near(embedding.vector, sorted(words.bm25.keys() - {one.passage_no for one in near}))
        overlaps = view.reading.overlaps(words.idfs, sorted(one.passage_no for one in near))
        candidates = candidates_of(near, overlaps, words.bm25)
        stages.over("candidates")
        reranking = self._reranking_for(query)
        looked_at = max(depth, reranking.depth if reranking else 0)
        asked = query_tokens(embedding, words.weights, lighter_parts(query.text))
        ranking = self._ranking(view, query.text, asked, candidates, looked_at, stages)
        stages.over("fuse")
        passages = view.reading.passages([one.candidate.passage_no for one in ranking])
        evidence = [
            Evidence(passage, one.reading, one.candidate.cosine, one.strength, one.score)
            for one, passage in zip(ranking, passages, strict=True)
        ]
        stages.over("fetch")
        shown, reranked = reranking.reread(query.text, evidence, depth) if reranking else (evidence, 0)
        if reranking:
            stages.over("rerank")
        return _Ranking(query, evidence[:depth], shown[:depth], reranked, doc_nos, embedding)

    def _ranking(
        self,
        view: View,
        question: str,
        asked: QueryTokens,
        candidates: Sequence[Candidate],
        depth: int,
        stages: Stages,
    ) -> list[Ranked]:
        looked_at = candidates[: max(READ, depth)]
        tokens = view.reading.passage_tokens([candidate.passage_no for candidate in looked_at])
        readings = read(asked, tokens)
        stages.over("read")
        ranking = diversified(fused(looked_at[:READ], readings[:READ], self._weights, scale_of(len(candidates))))
        ranking = from_named_sources(ranking, question)
        leading = view.reading.passages([one.candidate.passage_no for one in ranking[:LEADING]])
        ranking = bridged(ranking, [one.text for one in leading])
        return followed(ranking, looked_at[READ:], readings[READ:])[:depth]

    def _stages(self) -> Stages:
        return Stages(self._observer.on_stage)

    def _reranking_for(self, query: Query) -> Reranking | None:
        if query.rerank and self._reranking is None:
            raise InvalidQuery("rerank is true, and this service has no reranker; set RAG_RERANKER, or leave it out.")
        return None if query.rerank is False else self._reranking


def _parsed(question: Query | str) -> Query:
    return Query.parse(question) if isinstance(question, str) else question


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

"""Evaluation: the engine's rankings and answers against gold questions or a public test collection."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from index.records import Filters
from rag import gold
from rag.abstention import (
    Judged,
    abstention_measures,
    answerable_reliability,
    confidence_measures,
    confidence_reliability,
)
from rag.answer import Answer, Disagreement
from rag.beir import Collection
from rag.engine import Engine
from rag.errors import BelowBaseline, InvalidGold
from rag.gold import GoldQuestion, Place
from rag.measures import Comparison, Estimate, PerQuery, Qrels, compare, estimate, per_query
from rag.query import MAX_QUERY_CHARS, Query

# As deep as a ranking goes: documents are ranked by their best passages, so ten need more passages than ten.
DEPTH = 50
ANSWER_TOP_K = 5

EVIDENCE, DOCUMENT = "evidence", "document"

Run = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured. `values` is by level, measure and query; `kinds` groups the queries of a gold set.

    `runs` has the ranking of each query by level, best first; `answers` is what the answers were worth, in shares, and
    `judged` what became of each question that was asked.
    """

    name: str
    values: dict[str, PerQuery]
    kinds: dict[str, list[str]]
    runs: dict[str, Run]
    latency_ms: dict[str, float]
    answers: dict[str, float] = field(default_factory=dict)
    judged: tuple[Judged, ...] = ()

    def summary(self) -> dict[str, object]:
        """Return what a program reads: estimates by level, kind and measure, then every query's values."""
        return {
            "name": self.name,
            "queries": len(next(iter(next(iter(self.values.values())).values()))),
            "levels": {level: self._estimates(values) for level, values in self.values.items()},
            "answers": self.answers,
            "reliability": {
                "answerable": [asdict(one) for one in answerable_reliability(self.judged)],
                "confidence": [asdict(one) for one in confidence_reliability(self.judged)],
            },
            "latency_ms": self.latency_ms,
            "values": self.values,
        }

    def _estimates(self, values: PerQuery) -> dict[str, dict[str, dict[str, float]]]:
        groups = {"overall": list(next(iter(values.values()))), **self.kinds}
        return {
            group: {
                measure: {name: round(value, 4) for name, value in asdict(_of(by_query, query_ids)).items()}
                for measure, by_query in values.items()
            }
            for group, query_ids in groups.items()
        }


def evaluate_gold(
    engine: Engine, questions: Sequence[GoldQuestion], on_question: Callable[[], None] = lambda: None
) -> Evaluation:
    """Return the evaluation of gold questions, at the level of evidence and of documents, and of the answers.

    A passage is relevant where it covers at least half of a quote. A quote that no passage covers stays judged, and
    is never found. Raises InvalidGold for a quote that is not in its document.
    """
    answerable = [question for question in questions if question.evidence]
    stands = {question.question_id: gold.places(engine.corpus, question) for question in answerable}
    qrels = {
        EVIDENCE: {query_id: _relevant_passages(engine, found) for query_id, found in stands.items()},
        DOCUMENT: {query_id: {place.doc_id: 1 for place in found} for query_id, found in stands.items()},
    }
    runs: dict[str, Run] = {EVIDENCE: {}, DOCUMENT: {}}
    times: list[float] = []
    for question in answerable:
        passages, documents = _ranked(engine, question.question, times)
        runs[EVIDENCE][question.question_id] = passages
        runs[DOCUMENT][question.question_id] = documents
        on_question()
    citations, judged = _answers(engine, questions, stands)
    kinds: dict[str, list[str]] = {}
    for question in answerable:
        kinds.setdefault(question.kind, []).append(question.question_id)
    return Evaluation(
        name="gold",
        values={level: _measured(qrels[level], runs[level]) for level in qrels},
        kinds=dict(sorted(kinds.items())),
        runs=runs,
        latency_ms=_latency(times),
        answers=citations | confidence_measures(judged) | abstention_measures(judged),
        judged=tuple(judged),
    )


def evaluate_collection(
    engine: Engine,
    collection: Collection,
    on_query: Callable[[], None] = lambda: None,
    *,
    take_evidence_out: bool = False,
) -> Evaluation:
    """Return the evaluation of a public collection, whose judgments are of documents.

    With `take_evidence_out` each query is also asked twice, over all documents and over those not judged relevant.
    """
    runs: Run = {}
    times: list[float] = []
    judged: list[Judged] = []
    for query_id, text in collection.queries.items():
        runs[query_id] = _ranked(engine, text, times)[1]
        if take_evidence_out:
            relevant = (doc_id for doc_id, grade in collection.qrels[query_id].items() if grade > 0)
            taken = Filters(without_doc_ids=tuple(relevant))
            asked = Query.parse(text[:MAX_QUERY_CHARS], ANSWER_TOP_K)
            judged += [
                _judged(engine.ask(asked).answer, True),
                _judged(engine.ask(replace(asked, filters=taken)).answer, False),
            ]
        on_query()
    values = {DOCUMENT: _measured(collection.qrels, runs)}
    answers = abstention_measures(judged)
    return Evaluation(collection.name, values, {}, {DOCUMENT: runs}, _latency(times), answers, tuple(judged))


def compared(
    evaluation: Evaluation, baseline: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> dict[str, list[Comparison]]:
    """Return, by level, each measure's comparison with the values of a baseline.

    Raises InvalidGold where the baseline has nothing of a level or a measure, or none of its queries.
    """
    for level, values in evaluation.values.items():
        for measure, by_query in values.items():
            if by_query and not by_query.keys() & baseline.get(level, {}).get(measure, {}).keys():
                raise InvalidGold(
                    f"The baseline has {measure} at {level} level for none of the {len(by_query)} queries of "
                    f"{evaluation.name!r}; give one of the same questions."
                )
    return {
        level: [
            compare(by_query, baseline[level][measure], measure) for measure, by_query in values.items() if by_query
        ]
        for level, values in evaluation.values.items()
    }


def check_drop(comparisons: Mapping[str, Sequence[Comparison]], max_drop: float) -> None:
    """Raise BelowBaseline where a measure's mean is more than `max_drop` below the baseline's.

    Raises InvalidGold where there is nothing to compare.
    """
    if not any(comparisons.values()):
        raise InvalidGold("No question has evidence, so nothing is compared with the baseline; give some that have.")
    for level, of_level in comparisons.items():
        for comparison in of_level:
            if comparison.mean < comparison.baseline - max_drop:
                raise BelowBaseline(
                    f"{comparison.measure} at {level} level is {comparison.mean:.4f}, more than {max_drop:g} below the "
                    f"baseline's {comparison.baseline:.4f}; lost: {', '.join(comparison.lost[:10])}."
                )


def trec_run(evaluation: Evaluation, level: str, tag: str) -> str:
    """Return the ranking of every query in TREC's format: query_id Q0 id rank score tag."""
    return "".join(
        f"{query_id} Q0 {found} {rank} {1 / rank:.6f} {tag}\n"
        for query_id, ranking in evaluation.runs[level].items()
        for rank, found in enumerate(ranking, start=1)
    )


def _ranked(engine: Engine, text: str, times: list[float]) -> tuple[list[str], list[str]]:
    """Return the ranking of passages and that of documents, each document by its best passage."""
    query = Query.parse(text[:MAX_QUERY_CHARS], DEPTH)
    started = time.perf_counter()
    hits = engine.search(query).hits
    times.append((time.perf_counter() - started) * 1000)
    return [hit.passage_id for hit in hits], list(dict.fromkeys(hit.citation.doc_id for hit in hits))


def _measured(qrels: Qrels, runs: Run) -> PerQuery:
    # Ranks in place of scores: a measure must not order anew what the engine has put in order.
    scored = {
        query_id: {found: 1 / rank for rank, found in enumerate(ranking, 1)} for query_id, ranking in runs.items()
    }
    return per_query(qrels, scored)


def _relevant_passages(engine: Engine, stands: Sequence[Place]) -> dict[str, int]:
    relevant: dict[str, int] = {}
    for place in stands:
        covering = [
            f"{place.doc_id}#{span.start}-{span.end}"
            for span in engine.corpus.passage_spans(place.doc_id)
            if place.covered_by(place.doc_id, span)
        ]
        relevant.update(dict.fromkeys(covering or [f"{place.doc_id}#uncovered-{place.span.start}"], 1))
    return relevant


def _answers(
    engine: Engine, questions: Sequence[GoldQuestion], stands: Mapping[str, Sequence[Place]]
) -> tuple[dict[str, float], list[Judged]]:
    """Return precision and recall of citations and of disagreements, and what became of each question.

    Citations are those of answerable questions. A disagreement is right where two of its sides, of two documents, each
    cover a quote of the question; the questions that have one are those of the kind conflict.
    """
    tally: Counter[str] = Counter()
    judged: list[Judged] = []
    for question in questions:
        answer = engine.ask(Query.parse(question.question, ANSWER_TOP_K)).answer
        found = stands.get(question.question_id, ())
        apt = [any(place.covered_by(cited.doc_id, cited.span) for place in found) for cited in answer.citations]
        judged.append(_judged(answer, bool(question.evidence), any(apt)))
        if question.evidence:
            tally["quotes"] += len(found)
            tally["covered"] += sum(
                any(place.covered_by(cited.doc_id, cited.span) for cited in answer.citations) for place in found
            )
            tally["citations"] += len(apt)
            tally["apt"] += sum(apt)
        right = [_is_right(disagreement, answer, apt) for disagreement in answer.disagreements]
        tally["shown"] += len(right)
        tally["right"] += sum(right)
        if question.kind == "conflict":
            tally["conflicts"] += 1
            tally["seen"] += any(right)
    shares = {
        "citation_precision": _share(tally["apt"], tally["citations"]),
        "citation_recall": _share(tally["covered"], tally["quotes"]),
    }
    if tally["shown"]:
        shares["disagreement_precision"] = _share(tally["right"], tally["shown"])
    if tally["conflicts"]:
        shares["disagreement_recall"] = _share(tally["seen"], tally["conflicts"])
    return shares, judged


def _is_right(disagreement: Disagreement, answer: Answer, apt: Sequence[bool]) -> bool:
    """Return whether two sides, of two documents, cover quotes; `apt` says of each citation whether it does."""
    documents = {
        answer.citations[marker - 1].doc_id for side in disagreement.sides for marker in side.markers if apt[marker - 1]
    }
    return len(documents) > 1


def _judged(answer: Answer, is_answerable: bool, is_right: bool | None = None) -> Judged:
    return Judged(answer.answerable or 0.0, answer.confidence or 0.0, answer.abstained, is_answerable, is_right)


def _of(by_query: Mapping[str, float], query_ids: Sequence[str]) -> Estimate:
    return estimate([by_query[query_id] for query_id in query_ids])


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _latency(times: Sequence[float]) -> dict[str, float]:
    if not times:
        return {"p50": 0.0, "p95": 0.0}
    return {name: round(float(np.quantile(times, q)), 2) for name, q in (("p50", 0.5), ("p95", 0.95))}

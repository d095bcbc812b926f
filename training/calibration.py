"""Fits `rag/calibration.json`: relevance, answerability, aptness, confidence, rivals, then what the reader adds.

    python -m training.calibration DATA [--found]

DATA has collections in the BEIR layout, of which those are used that may be trained on; the rest is the dev half of
the gold questions. A sentence of a judged document that holds an answer, and one that covers half of a gold quote,
is relevant. A question is unanswerable where the gold set says so, once more for each question of a collection with its
judged documents taken out, and where it is asked of another collection; one with a name that nothing mentions is left
out, since its probability is cut besides. Some are asked of a part of their collection alone, so that what a match is
worth among few passages and among many is learnt from one set of questions. How apt an answer is
is fitted on gold dev and on the questions of `gold/domains/dev`. The threshold is the probability, with all of this,
below which REFUSED of the questions of both that have an answer lie.

An answer is right where a citation is of a judged document and holds an answer, or covers half of a gold quote. The
confidence in it is fitted on the answers that are given to questions with an answer, to some with theirs taken out, and
to gold dev.

What the reader adds to a sentence's relevance is fitted on the parts of NQ train, SQuAD and TimeQA that its training
kept apart, and on gold dev, which it has never seen; with `--found` that alone is fitted anew.
What rivals are is fitted by `training/rivals.py`.
"""

import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks import domains
from benchmarks.corpora import indexed, seeds
from benchmarks.written import articles
from index.reader import Reader
from index.records import Filters
from rag import calibration
from rag.answer import to_quote
from rag.answerability import Features
from rag.aptness import AptnessFeatures, read_aptness
from rag.beir import Collection, read_collection
from rag.calibration import Logistic, fitted
from rag.confidence import ConfidenceFeatures, read_confidence
from rag.engine import AskResponse, Engine
from rag.gold import places, read_gold
from rag.query import Query
from rag.reader import ReaderRereading
from rag.relevance import FoundFeatures, Sentence, SentenceFeatures
from rag.reranking import Reranking
from rag.rivalry import RivalFeatures
from rag.settings import Settings
from training.questions import DEV, natural, squad, timed
from training.regression import Row, fit, sample, write
from training.rivals import fit_rivals

# Collection, split, how many of its queries.
PAIRED = (
    ("nq_open_oracle", "train", 1000),
    ("squad_v2_halfdev", "test", 700),
    ("timeqa_human_train", "test", 500),
    ("scifact", "train", 300),
)
ANSWERED = (("nq_open_oracle", "train", 500), ("squad_v2_halfdev", "test", 500), ("timeqa_human_train", "test", 500))
FOUND = (("nq_open_oracle", natural, 300), ("squad_v1_dev", squad, 400), ("timeqa_human_train", timed, 150))
GOLD = Path("gold/questions.jsonl")
# So many questions are asked of each other collection, and so many of parts of their own, of so many documents beside
# the judged ones.
STRANGE, OF_PARTS, PARTS = 200, 420, (0, 2, 5, 30, 120, 500)
# Of so many questions whose answers are looked at, one is asked once more with its judged documents taken out.
TAKEN_OUT = 3
# How much one gold question weighs, and one of those, beside one of a whole collection.
GOLD_WEIGHT, GOLD_SENTENCE_WEIGHT, GOLD_ANSWER_WEIGHT, BESIDE_WEIGHT = 3.0, 8.0, 8.0, 0.5
# Of the answerable questions of gold dev and of other subjects, so many are refused: of gold test it may be 8% at most.
REFUSED = 0.05


def main() -> None:
    """Fit, write and print."""
    data, settings = Path(sys.argv[1]), Settings.read()
    if "--found" in sys.argv:
        write("found", fit(list(_found_rows(data, settings)), FoundFeatures._fields))
        return
    # What is fitted is written beside the file in use, which is replaced at the end.
    in_use = calibration.PATH
    calibration.PATH = in_use.with_suffix(".fitting.json")
    for name, features in (
        ("relevance", SentenceFeatures),
        ("found", FoundFeatures),
        ("aptness", AptnessFeatures),
        ("confidence", ConfidenceFeatures),
        ("rivals", RivalFeatures),
    ):
        write(name, Logistic(0.0, dict.fromkeys(features._fields, 0.0), 0.5))
    relevance = fit(list(_sentence_rows(data, settings)), SentenceFeatures._fields)
    write("relevance", relevance)
    rows = list(_question_rows(data, settings))
    answerability = fit(rows, Features._fields)
    gold = [row for row in rows if row[2] == GOLD_WEIGHT]
    write("answerability", _rescaled(answerability, gold))
    write("aptness", fit(list(_apt_rows(settings)), AptnessFeatures._fields))
    write("answerability", _refusing(settings))
    write("confidence", fit(list(_answer_rows(data, settings)), ConfidenceFeatures._fields))
    fit_rivals(data, settings)
    write("found", fit(list(_found_rows(data, settings)), FoundFeatures._fields))
    calibration.PATH.replace(in_use)


def _rescaled(fitted: Logistic, gold: Sequence[Row]) -> Logistic:
    """Return a regression brought to the probabilities of gold dev (Platt 1999)."""
    logits = np.array([[fitted.intercept + float(np.dot(row[0], list(fitted.weights.values())))] for row in gold])
    labels = np.array([row[1] for row in gold])
    platt = LogisticRegression(C=1.0).fit(logits, labels)
    slope, shift = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    return Logistic(
        intercept=round(slope * fitted.intercept + shift, 4),
        weights={name: round(slope * weight, 4) for name, weight in fitted.weights.items()},
        threshold=0.5,
    )


def _refusing(settings: Settings) -> Logistic:
    """Return answerability with the threshold below which REFUSED of the questions with an answer lie."""
    engine = Engine(seeds(settings))
    gold = [Query.parse(one.question) for one in read_gold(GOLD) if one.split == "dev" and one.evidence]
    probabilities = [engine.ask(query).answer.answerable or 0.0 for query in gold]
    with articles(settings, domains.FOLDER / "dev") as engine:
        answered = [asked.query for asked in domains.read_questions("dev") if asked.answers]
        probabilities += [engine.ask(query).answer.answerable or 0.0 for query in answered]
    return replace(fitted("answerability"), threshold=round(float(np.quantile(probabilities, REFUSED)), 4))


def _apt_rows(settings: Settings) -> Iterator[Row]:
    """Yield the rows of gold dev and of the questions on other subjects, some of which no article answers."""
    engine = Engine(seeds(settings))
    for question in read_gold(GOLD):
        if question.split == "dev":
            yield from _apt_row(engine, Query.parse(question.question), bool(question.evidence), GOLD_WEIGHT)
    with articles(settings, domains.FOLDER / "dev") as engine:
        for asked in domains.read_questions("dev"):
            yield from _apt_row(engine, asked.query, bool(asked.answers), 1.0)


def _apt_row(engine: Engine, query: Query, is_answerable: bool, weight: float) -> Iterator[Row]:
    grounds = engine.grounds(query)
    if grounds.sentences and not grounds.unmentioned:
        quoted = to_quote(query.text, grounds)
        yield list(read_aptness(query.text, quoted, grounds.sentences)), is_answerable, weight


def _sentence_rows(data: Path, settings: Settings) -> Iterator[Row]:
    for name, split, count in ANSWERED:
        engine = Engine(indexed(settings, data / name))
        collection = read_collection(data / name, split)
        answers = _answers_of(data / name)
        for query_id in sample(list(collection.queries), count):
            for sentence in engine.grounds(Query.parse(collection.queries[query_id])).sentences:
                is_judged = sentence.doc_id in collection.qrels[query_id]
                holds = any(answer in sentence.text.casefold() for answer in answers[query_id])
                yield list(sentence.features), is_judged and holds, 1.0
    for sentence, covers in _gold_sentences(Engine(seeds(settings))):
        yield list(sentence.features), covers, GOLD_SENTENCE_WEIGHT


def _answers_of(folder: Path) -> dict[str, list[str]]:
    with (folder / "queries.jsonl").open(encoding="utf-8") as file:
        return {line["_id"]: [answer.casefold() for answer in line["answers"]] for line in map(json.loads, file)}


def _gold_sentences(engine: Engine) -> Iterator[tuple[Sentence, bool]]:
    """Yield the sentences for the questions of gold dev, each with whether it covers a quote."""
    for question in read_gold(GOLD):
        if question.split == "dev" and question.evidence:
            stands = places(engine.corpus, question)
            for sentence in engine.grounds(Query.parse(question.question)).sentences:
                doc_id = sentence.doc_id
                yield sentence, any(place.covered_by(doc_id, sentence.span) for place in stands)


def _question_rows(data: Path, settings: Settings) -> Iterator[Row]:
    collections = [read_collection(data / name, split) for name, split, _ in PAIRED]
    for collection, (name, _, count) in zip(collections, PAIRED, strict=True):
        engine = Engine(indexed(settings, data / name))
        for query_id in sample(list(collection.queries), count):
            text, judged = collection.queries[query_id], tuple(collection.qrels[query_id])
            yield from _rows(engine, text, Filters(), True, 1.0)
            yield from _rows(engine, text, Filters(without_doc_ids=judged), False, 1.0)
        yield from _rows_of_parts(engine, collection)
        yield from _rows_of_strangers(engine, [other for other in collections if other is not collection])
    engine = Engine(seeds(settings))
    yield from _rows_of_strangers(engine, collections)
    for question in read_gold(GOLD):
        if question.split == "dev":
            yield from _rows(engine, question.question, Filters(), bool(question.evidence), GOLD_WEIGHT)


def _answer_rows(data: Path, settings: Settings) -> Iterator[Row]:
    for name, split, count in ANSWERED:
        engine = Engine(indexed(settings, data / name))
        collection, answers = read_collection(data / name, split), _answers_of(data / name)
        for number, query_id in enumerate(sample(list(collection.queries), count)):
            text, judged = collection.queries[query_id], collection.qrels[query_id]
            given = engine.ask(Query.parse(text))
            apt = any(
                cited.doc_id in judged and any(answer in cited.cited_text.casefold() for answer in answers[query_id])
                for cited in given.answer.citations
            )
            yield from _answer_row(engine, given, apt, 1.0)
            if number % TAKEN_OUT == 0:
                filters = Filters(without_doc_ids=tuple(judged))
                yield from _answer_row(engine, engine.ask(Query.parse(text, filters=filters)), False, 1.0)
    engine = Engine(seeds(settings))
    for question in read_gold(GOLD):
        if question.split == "dev":
            given = engine.ask(Query.parse(question.question))
            stands = places(engine.corpus, question) if question.evidence else []
            apt = any(place.covered_by(one.doc_id, one.span) for place in stands for one in given.answer.citations)
            yield from _answer_row(engine, given, apt, GOLD_ANSWER_WEIGHT)


def _answer_row(engine: Engine, given: AskResponse, is_right: bool, weight: float) -> Iterator[Row]:
    if not given.answer.abstained:
        sentences = engine.grounds(given.standalone).sentences
        features = read_confidence(given.answer.answerable or 0.0, sentences, given.answer.citations)
        yield list(features), is_right, weight


def _rows_of_strangers(engine: Engine, collections: Sequence[Collection]) -> Iterator[Row]:
    """Yield the rows of questions of other collections, which this one does not answer but by chance."""
    for collection in collections:
        for query_id in sample(list(collection.queries), STRANGE):
            yield from _rows(engine, collection.queries[query_id], Filters(), False, BESIDE_WEIGHT)


def _rows_of_parts(engine: Engine, collection: Collection) -> Iterator[Row]:
    """Yield the rows of questions asked of some documents of their collection, with the judged ones and with others."""
    chance = random.Random(7)
    doc_ids = sorted({doc_id for judged in collection.qrels.values() for doc_id in judged})
    for number, query_id in enumerate(sample(list(collection.queries), OF_PARTS)):
        judged = tuple(collection.qrels[query_id])
        strange = [doc_id for doc_id in doc_ids if doc_id not in judged]
        size = min(PARTS[number % len(PARTS)], len(strange) - len(judged))
        others = tuple(chance.sample(strange, size + len(judged)))
        for doc_ids_asked, is_answerable in ((others[:size] + judged, True), (others, False)):
            filters = Filters(doc_ids=doc_ids_asked)
            yield from _rows(engine, collection.queries[query_id], filters, is_answerable, BESIDE_WEIGHT)


def _rows(engine: Engine, text: str, filters: Filters, is_answerable: bool, weight: float) -> Iterator[Row]:
    grounds = engine.grounds(Query.parse(text, filters=filters))
    if grounds.features is not None and not grounds.unmentioned:
        yield list(grounds.features), is_answerable, weight


def _found_rows(data: Path, settings: Settings) -> Iterator[Row]:
    reranking = Reranking(ReaderRereading(Reader()), settings.threads, math.inf)
    for name, asked_in, count in FOUND:
        engine = Engine(indexed(settings, data / name), reranking)
        kept_apart = (one for one in asked_in(data / name) if one.split == DEV and one.answers and one.is_answered)
        for asked in islice(kept_apart, count):
            answers = [answer.casefold() for answer, _ in asked.answers or ()]
            for sentence in engine.grounds(Query.parse(asked.text)).sentences:
                is_judged = sentence.doc_id in asked.judged
                holds = any(answer in sentence.text.casefold() for answer in answers)
                yield list(sentence.found or ()), is_judged and holds, 1.0
    engine = Engine(seeds(settings), reranking)
    yield from ((list(one.found or ()), covers, GOLD_SENTENCE_WEIGHT) for one, covers in _gold_sentences(engine))


if __name__ == "__main__":
    main()
